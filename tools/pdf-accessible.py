"""What a program can see of PDF/UA-1 in files, one line for each fault, with the checkpoint of the Matterhorn Protocol
1.1 (PDF Association, 2021): tags, language, title, headings, alternative texts, header cells, links, fonts.

    pdf-accessible.py FILE.pdf …
    pdf-accessible.py --break FILE.pdf    breaks copies of the file, each in one way, and expects each fault to be found
"""

import re
import sys

import pikepdf

HEADINGS = {f"/H{n}" for n in range(1, 7)}


def text_of(o):
    return str(o) if o is not None else ""


def walk(node):
    if not isinstance(node, pikepdf.Dictionary) or node.get("/S") is None and node.get("/Type") != "/StructTreeRoot":
        return
    yield node
    kids = node.get("/K")
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary):
            yield from walk(kid)


def scope(node):
    a = node.get("/A")
    for part in a if isinstance(a, pikepdf.Array) else [a]:
        if isinstance(part, pikepdf.Dictionary) and part.get("/Scope") is not None:
            return True
    return False


def faults(pdf):
    root = pdf.Root
    xmp = root.Metadata.read_bytes().decode("utf-8", "replace") if "/Metadata" in root else ""
    if not re.search(r"pdfuaid:part(>|=.)1", xmp):
        yield "06: no PDF/UA identification in the metadata"
    if not re.search(r"<dc:title>.*?<rdf:li[^>]*>[^<]+", xmp, re.S):
        yield "06: no title in the metadata"
    if root.get("/MarkInfo", {}).get("/Marked") is not True:
        yield "06: not marked as tagged"
    if root.get("/ViewerPreferences", {}).get("/DisplayDocTitle") is not True:
        yield "07: the window does not show the title"
    if not text_of(root.get("/Lang")):
        yield "11: no language"
    if "/Outlines" not in root and len(pdf.pages) > 20:
        yield "bookmarks: none"
    for n, page in enumerate(pdf.pages, 1):
        annots = page.get("/Annots", [])
        if len(annots) and page.get("/Tabs") != "/S":
            yield f"28: page {n}: tab order is not that of the structure"
        for a in annots:
            if a.get("/Subtype") == "/Link":
                if not text_of(a.get("/Contents")):
                    yield f"28: page {n}: a link without words"
                if "/StructParent" not in a:
                    yield f"28: page {n}: a link outside of the structure"
    last = 0
    for node in walk(root.StructTreeRoot):
        s = text_of(node.get("/S"))
        if s in HEADINGS:
            level = int(s[2:])
            if level > last + 1:
                yield f"14: {s} after H{last}"
            last = level
        if s in ("/Figure", "/Formula") and not (text_of(node.get("/Alt")) or text_of(node.get("/ActualText"))):
            yield f"13: {s} without alternative text"
        if s == "/TH" and not scope(node):
            yield "15: a header cell without scope"
        if s == "/Table" and not any(text_of(x.get("/S")) == "/TH" for x in walk(node)):
            yield "15: a table without header cells"
    for o in pdf.objects:
        if not isinstance(o, pikepdf.Dictionary) or o.get("/Type") != "/Font":
            continue
        if o.get("/Subtype") == "/Type0" and "/ToUnicode" not in o:
            yield f"10: {o.get('/BaseFont')} without ToUnicode"
        d = o.get("/FontDescriptor")
        if d is not None and not any(k in d for k in ("/FontFile", "/FontFile2", "/FontFile3")):
            yield f"31: {o.get('/BaseFont')} is not embedded"


def of_kind(pdf, *kinds):
    return [n for n in walk(pdf.Root.StructTreeRoot) if text_of(n.get("/S")) in kinds]


def links(pdf):
    return [a for page in pdf.pages for a in page.get("/Annots", []) if a.get("/Subtype") == "/Link"]


def fonts(pdf, part):
    return [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/Font" and part in o]


def forget(objects, *keys):
    """Takes the keys from the first object, or tells that there is none to break."""
    if not objects:
        return False
    for key in keys:
        if key in objects[0]:
            del objects[0][key]
    return True


def rename(objects, to):
    for o in objects:
        o.S = pikepdf.Name(to)
    return bool(objects)


BREAKS = {
    "06: no PDF/UA": lambda pdf: forget([pdf.Root], "/Metadata"),
    "06: not marked": lambda pdf: forget([pdf.Root], "/MarkInfo"),
    "07:": lambda pdf: forget([pdf.Root], "/ViewerPreferences"),
    "11:": lambda pdf: forget([pdf.Root], "/Lang"),
    "13:": lambda pdf: forget(of_kind(pdf, "/Figure"), "/Alt", "/ActualText"),
    "14:": lambda pdf: rename(of_kind(pdf, "/H1")[:1], "/H4"),
    "15: a header cell": lambda pdf: forget(of_kind(pdf, "/TH"), "/A"),
    "15: a table": lambda pdf: rename(of_kind(pdf, "/TH"), "/TD"),
    "28: page": lambda pdf: forget(links(pdf), "/Contents"),
    "10:": lambda pdf: forget(fonts(pdf, "/ToUnicode"), "/ToUnicode"),
    "31:": lambda pdf: forget(
        [f.FontDescriptor for f in fonts(pdf, "/FontDescriptor")], "/FontFile", "/FontFile2", "/FontFile3"
    ),
}


def main(args):
    bad = 0
    if args[:1] == ["--break"]:
        for fault, wreck in BREAKS.items():
            pdf = pikepdf.open(args[1])
            if not wreck(pdf):
                print(f"{fault} nothing to break in {args[1]}")
            elif any(found.startswith(fault) for found in faults(pdf)):
                continue
            else:
                print(f"{fault} was not found in a broken copy of {args[1]}")
            bad += 1
        return bad
    for file in args:
        for fault in sorted(set(faults(pikepdf.open(file)))):
            print(f"{file}: {fault}")
            bad += 1
    return bad


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
