"""All of an explanation as one HTML file that needs nothing else."""
from pathlib import Path

from ..drawing.svg import safe
from .report import head, sections

HERE = Path(__file__).parent
# Nothing may be fetched. The picture's own page stands in a frame, which obeys this, too.
POLICY = ("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
          "img-src data:; frame-src 'self'")
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title><style>{css}</style></head><body><main>
<h1>{title}</h1>
{parts}
<details><summary>The prototxt</summary><pre tabindex="0">{text}</pre></details>
</main></body></html>
"""


def page(found, text):
    """The page of an explanation of this text."""
    top = head(found)
    parts = [f"<p>{safe(words)}</p>" for words in top["words"]]
    parts += [f'<p class="{kind}" role="status">{safe(top[kind])}</p>'
              for kind in ("problem", "note") if top[kind]]
    if found.picture:
        parts += _picture(found)
    parts += map(_section, sections(found))
    return PAGE.format(policy=POLICY, title=safe(top["title"]), parts="\n".join(parts),
                       css=(HERE / "page.css").read_text(encoding="utf-8"), text=safe(text))


def _picture(found):
    with_states, words = found.states
    tall = ' class="tall"' if with_states else ""
    return [f'<iframe{tall} sandbox="allow-scripts" title="The picture" '
            f'srcdoc="{safe(with_states or found.picture.page())}"></iframe>',
            *[f"<p>{safe(said)}</p>" for said in [words] if said]]


def _section(section):
    parts = [f"<h2>{safe(section['title'])}</h2>"]
    parts += [f"<p>{safe(words)}</p>" for words in section["words"]]
    if section["rows"]:
        titles = "".join(f'<th scope="col">{safe(title)}</th>' for title in section["columns"])
        rows = "\n".join(f"<tr>{_cells(row)}</tr>" for row in section["rows"])
        parts.append(f'<div class="table" tabindex="0"><table><thead><tr>{titles}</tr></thead>'
                     f"<tbody>\n{rows}</tbody></table></div>")
    return "<section>" + "".join(parts) + "</section>"


def _cells(row):
    return "".join(f'<td>{safe(cell)}</td>' for cell in row)
