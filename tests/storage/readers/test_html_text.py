"""How the text of a page reads: lines, cells, lists, code, words."""

import pytest

from pipeline.storage.readers.html import markup_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Ett.</p><p>Två.</p>", "Ett.\n\nTvå."),
        ("<h2>Rubrik</h2>Text<h3>Under</h3><div>Mer</div>", "Rubrik\n\nText\n\nUnder\n\nMer"),
        ("<p>Rad ett<br>rad två<br/><br/>nytt stycke", "Rad ett\nrad två\n\nnytt stycke"),
        ("<p>Ett</p><hr><p>Två</p>", "Ett\n\nTvå"),
        # Words: neither glued nor split.
        ("<p><b>S</b>kogs<i>bruk</i> 10 m<sup>2</sup>, H<sub>2</sub>O", "Skogsbruk 10 m2, H2O"),
        ("<p>Ett<b> två</b> <i>tre</i>\n  fyra&nbsp;5 &amp; &aring;", "Ett två tre fyra\N{NO-BREAK SPACE}5 & å"),
        ("<p>skogs&shy;bruk långt<wbr>ord", "skogs\N{SOFT HYPHEN}bruk långtord"),
        ("<p><a href=1>tall</a><a href=2>gran</a> <a href=3>en</a>s", "tall gran ens"),
        ("<p><ruby>森<rp>(</rp><rt>もり</rt><rp>)</rp></ruby>", "森(もり)"),
        # Lists.
        ("<p>Träd:</p><ul><li>Tall</li><li><p>Gran</p></li></ul><p>Slut", "Träd:\n\n- Tall\n- Gran\n\nSlut"),
        ("<ul><li>Barr<ol><li>Tall<li>Gran</ol><li>Löv</ul>", "- Barr\n  - Tall\n  - Gran\n- Löv"),
        ("<ul><li><p>Ett</p><p>mer om ett</p></li><li></li><li>Två</ul>", "- Ett\n\n  mer om ett\n- Två"),
        ("<ul><li><h2>A</h2><p>a</p></li><li><h2>B</h2></li></ul>", "A\n\na\n\nB"),
        ("<dl><dt>Tall<dd>Ett träd.<dt>Gran<dt>Rödgran<dd>Ett annat.</dl>", "Tall\nEtt träd.\n\nGran\nRödgran\nEtt annat."),
        # Tables.
        ("<table><tr><th>Slag<th>År<tr><td>Tall<td>90</table>", "Slag | År\nTall | 90"),
        ("<table><tr><td>a<td><td>c<td><tr><td><td><td><td></table>", "a | | c"),
        ("<table><tr><td><p>a</p><p>b</p><td>c<br>d<ul><li>e</ul></table>", "a b | c d e"),
        ("<table><caption>Pris<tbody><tr><td>1<td>2</tbody></table>efter", "Pris\n1 | 2\n\nefter"),
        ("<table role=presentation><tr><td>meny<td>text</table>", "meny\n\ntext"),
        ("<table><tr><td>meny<td><table><tr><td>1<td>2</table></table>", "meny\n\n1 | 2"),
        ("<table><tr><td>ett<tr><td>två</table>", "ett\n\ntvå"),
        ("<table><tr><td colspan=9007199254740991>a<td>b</table>", "a | b"),
        # Code.
        ("<p>Kör:</p><pre>\n  def f():\n\n\treturn 1  \n</pre>klart", "Kör:\n\n  def f():\n\n\treturn 1\n\nklart"),
        ("<pre>a\r\n b\r<b>c</b><br>d</pre>", "a\n b\nc\nd"),
        ("<pre><code><div>ett</div><div>  två</div></code></pre>", "ett\n  två"),
        ("<p>x | <code>a|b</code> |</p><p>-</p>", "x | a|b |\n\n-"),
        ("<xmp><b>x</b></xmp>", "<b>x</b>"),
        ("<p>a<plaintext><b>y</b>\n  z", "a\n\n<b>y</b>\n  z"),
        # What is no text.
        ("<p>a</p><script>x<y</script><style>p{}</style><!-- c --><p>b", "a\n\nb"),
        ("<p>a<svg><title>ikon</title><text>x</text></svg><math><mi>y</mi></math>b", "ab"),
        ("<select><option>Ett<option>Två</select>", "Ett\nTvå"),
    ],
)  # fmt: skip
def test_text_reads_as_the_page_does(markup: str, text: str) -> None:
    assert markup_text(markup) == text


def test_a_table_with_a_long_cell_lays_out_the_page() -> None:
    prose = "Marken ska beredas senast det tredje året. " * 20
    assert markup_text(f"<table><tr><td>Vänster<td>{prose}</table>") == f"Vänster\n\n{prose.strip()}"
