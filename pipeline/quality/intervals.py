"""How far a count of a sample can be trusted: intervals for shares, and limits that are order statistics of a sample.

Shares get Clopper and Pearson's interval (Biometrika 26, 1934), not Wilson's: what is asked here is whether a rule costs more than one
document in a hundred, the counts are 0 to 3, and there Wilson's interval misses more often than it says (a true share just below
0.18 % is missed in 16 samples of 100 documents out of 100; see Brown, Cai and DasGupta, Statistical Science 16, 2001, on its dips
near 0). Clopper and Pearson's misses at most as often as it says, and is wider for it.

A limit set at the r-th smallest of n values loses at most a share p of all such documents with probability P(Bin(n, p) >= r), whatever
the distribution (Wilks, Annals of Mathematical Statistics 12, 1941).
"""

import math

CONFIDENCE = 0.95


def clopper_pearson(hits: int, of: int) -> tuple[float, float]:
    """Interval for a share seen as `hits` of `of`. (0, 1) where nothing was seen.

    >>> [round(x, 4) for x in clopper_pearson(0, 100)], [round(x, 4) for x in clopper_pearson(2, 274)]
    ([0.0, 0.0362], [0.0009, 0.0261])
    """
    from scipy.special import betaincinv

    if of == 0:
        return 0.0, 1.0
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, of - hits + 1, tail))
    high = 1.0 if hits == of else float(betaincinv(hits + 1, of - hits, 1 - tail))
    return low, high


def needed(share: float) -> int:
    """Fewest documents for which the most extreme one is a limit that loses at most `share` of all such, with that confidence.

    >>> needed(0.05), needed(0.01)
    (59, 299)
    """
    return math.ceil(math.log(1 - CONFIDENCE) / math.log1p(-share))


def order_for(share: float, of: int) -> int:
    """The largest r for which the r-th most extreme of `of` values is such a limit; 0 where not even the most extreme is.

    >>> order_for(0.01, 298), order_for(0.01, 299), order_for(0.01, 1000), order_for(0.05, 100)
    (0, 1, 5, 2)
    """
    from scipy.special import betainc

    order = 0
    while order < of and betainc(order + 1, of - order, share) >= CONFIDENCE:
        order += 1
    return order


def most_lost(order: int, of: int) -> float:
    """The share of all such documents that a limit at the `order`-th most extreme of `of` values loses at most.

    >>> round(most_lost(1, 59), 4), round(most_lost(1, 299), 4)
    (0.0495, 0.01)
    """
    from scipy.special import betaincinv

    return float(betaincinv(order, of - order + 1, CONFIDENCE))
