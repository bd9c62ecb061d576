"""HTML and XML."""

from collections.abc import Iterator

from hostile_case import TEXT, Case, case


def cases() -> Iterator[Case]:
    yield from _more()
    yield from _markup()


def _markup() -> Iterator[Case]:
    laughs = b"<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><l>&b;</l>"
    yield case("billion laughs", "a.xml", laughs, "xml_dtd")
    yield case(
        "external entity",
        "a.xml",
        b"<!DOCTYPE l [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><l>&x;</l>",
        "xml_dtd",
    )
    yield case(
        "external DTD",
        "a.xml",
        f"<!DOCTYPE l SYSTEM 'http://example.org/x.dtd'><l>{TEXT}&nbsp;</l>".encode(),
        good=1,
    )
    yield case("billion laughs in UTF-16", "a.xml", laughs.decode().encode("utf-16"), "xml_dtd")
    yield case("xml cut short", "a.xml", b"<?xml version='1.0'?><a><b>text", "xml_corrupt")
    yield case("xml 100 000 deep", "a.xml", b"<a>" * 100_000, "xml_corrupt")
    yield case("html 260 deep", "a.html", lambda: b"<div>" * 260 + TEXT.encode(), "html_too_deep", good=1)
    yield case(
        "html 20 000 deep", "a.html", lambda: b"<div>" * 20_000 + TEXT.encode(), "html_too_deep", good=1
    )
    yield case(
        "html with a huge colspan",
        "a.html",
        f"<table><tr><td colspan=9007199254740991>{TEXT}</td></tr></table>".encode(),
        good=1,
    )
    yield case(
        "html of 100 000 attributes",
        "a.html",
        lambda: b"<p " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">" + TEXT.encode(),
        good=1,
    )
    yield case("html without text", "a.html", b"<html><body><img src=x></body></html>", "no_text", good=1)
    yield case("html of nothing", "a.html", b"<!-- -->", "empty no_text", good=None)
    yield case("html with a script", "a.html", f"<p>{TEXT}</p><script>alert(1)</script>".encode(), good=1)


def _more() -> Iterator[Case]:
    text = f"<p>{TEXT} {TEXT}</p>".encode()
    page = b"<!doctype html><html><body>" + text
    yield case(
        "html of 1 000 000 attributes",
        "a.html",
        lambda: b"<p " + b" ".join(b"a%d=1" % n for n in range(1_000_000)) + b">" + TEXT.encode(),
        good=1,
    )
    yield case(
        "html 260 deep, closed", "a.html", b"<div>" * 260 + text + b"</div>" * 260, "html_too_deep", good=1
    )
    yield case("html of 100 000 open quotes", "a.html", page + b'<a href="' * 100_000, good=1)
    yield case("html of 100 000 open comments", "a.html", page + b"<!--" * 100_000, good=1)
    yield case("html of 100 000 entities", "a.html", page + b"<p>" + b"&lt&amp&#x110000;" * 100_000, good=1)
    yield case(
        "html attribute of 10 MB",
        "a.html",
        lambda: page + b'<p title="' + b"x" * (10 << 20) + b'">' + text,
        good=1,
    )
    yield case("html with NUL", "a.html", page.replace(b"Skogen", b"Sko\0gen") + b"\0", good=1)
    yield case("html in UTF-16", "a.html", page.decode().encode("utf-16"), good=1)
    yield case(
        "html of an unknown charset",
        "a.html",
        page.replace(b"<body>", b"<meta charset=klingon><body>"),
        good=1,
    )
    yield case(
        "html with an svg that loads",
        "a.html",
        page + b"<svg onload=alert(1)><script>x</script></svg>",
        good=1,
    )
    yield case("html of 20 000 nested lists", "a.html", page + b"<ul><li>" * 20_000, "html_too_deep", good=1)
    yield case(
        "html of 20 000 nested fonts",
        "a.html",
        page + b"<font><b>" * 20_000 + TEXT.encode(),
        "html_too_deep",
        good=1,
    )
    yield case(
        "html table of 50 000 cells", "a.html", lambda: page + b"<table>" + b"<tr><td>a<td>b" * 25_000, good=1
    )
    yield case(
        "quadratic blow-up",
        "a.xml",
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x '"
        + b"y" * 50_000
        + b"'>]><a>"
        + b"&x;" * 50_000
        + b"</a>",
        "xml_dtd",
    )
    yield case(
        "parameter entity",
        "a.xml",
        b"<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://example.org/x'>%p;]><a>text</a>",
        "xml_dtd",
    )
    yield case(
        "XInclude",
        "a.xml",
        f'<a xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="/etc/passwd" parse="text"/>{TEXT}</a>'.encode(),
        good=1,
    )
    yield case(
        "stylesheet from elsewhere",
        "a.xml",
        f'<?xml version="1.0"?><?xml-stylesheet href="http://example.org/x.xsl"?><a>{TEXT}</a>'.encode(),
        good=1,
    )
    yield case(
        "xml attribute of 20 MB",
        "a.xml",
        lambda: b"<a b='" + b"x" * (20 << 20) + b"'>" + TEXT.encode() + b"</a>",
        "xml_corrupt",
    )
    yield case(
        "xml of 100 000 attributes",
        "a.xml",
        b"<a " + b" ".join(b"a%d='1'" % n for n in range(100_000)) + b">" + TEXT.encode() + b"</a>",
        good=1,
    )
    yield case("xml 200 deep", "a.xml", b"<a>" * 200 + TEXT.encode() + b"</a>" * 200, good=1)
    yield case("xml of half entities", "a.xml", b"<a>" + b"&aaaa" * 200_000 + b"</a>", "xml_corrupt")
    yield case("xml with a giant character", "a.xml", b"<a>&#x110000;&#0;</a>", "xml_corrupt")
    yield case(
        "xml of 300 000 elements", "a.xml", b"<r>" + b"<x><y/></x>" * 150_000 + b"</r>", "no_text", good=1
    )
    yield case(
        "DTD behind a long comment",
        "a.xml",
        b"<?xml version='1.0'?><!--" + b"x" * 70_000 + b"--><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "xml_dtd",
    )
    yield case("xml in UTF-7", "a.xml", b"<?xml version='1.0' encoding='utf-7'?><a>+ADw-b+AD4-</a>", good=1)
