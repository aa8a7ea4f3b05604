"""Directives that print what the package knows about itself, so that no page repeats it by hand.

``{algorithms} fastmul.mul``    the table of an operation's algorithms
``{modules} fastmul.bounds``    each module of a package: its docstring, and its source with the proofs in it
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective


class Algorithms(SphinxDirective):
    """The rows of an operation's table, in the table's order."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        function = pkgutil.resolve_name(self.arguments[0])
        header = ("Algorithm", "What it does", "Time and memory", "Source")
        body = [
            (row.name, row.summary, row.complexity, row.source) for row in function.operation.table
        ]
        return [_table(header, body, widths=(12, 36, 30, 30))]


class Modules(SphinxDirective):
    """Every module of a package: a section with its first sentence, its proof, and its source."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        package = importlib.import_module(self.arguments[0])
        found: list[nodes.Node] = []
        for entry in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            self.env.note_dependency(importlib.util.find_spec(entry.name).origin)  # type: ignore[union-attr, arg-type]
            found.append(self._section(importlib.import_module(entry.name)))
        return found

    def _section(self, module: Any) -> nodes.Node:
        title = module.__name__.rpartition(".")[2]
        section = nodes.section(ids=[nodes.make_id(title)])
        section += nodes.title(text=title)
        summary, _, proof = inspect.cleandoc(module.__doc__).partition("\n\n")
        section += nodes.paragraph(text=" ".join(summary.split()))
        if proof:
            section += nodes.literal_block(proof, proof, language="text")
        source = inspect.getsource(module).split('"""', 2)[2].strip()
        section += nodes.literal_block(source, source, language="python")
        return section


def _table(
    header: tuple[str, ...], body: list[tuple[str, ...]], widths: tuple[int, ...]
) -> nodes.Node:
    group = nodes.tgroup(cols=len(header))
    group += [nodes.colspec(colwidth=width) for width in widths]
    head, rows = nodes.thead(), nodes.tbody()
    head += _row([nodes.paragraph(text=cell) for cell in header])
    for name, *cells in body:
        label = nodes.paragraph()
        label += nodes.literal(text=name)
        rows += _row([label, *(nodes.paragraph(text=cell) for cell in cells)])
    group += [head, rows]
    table = nodes.table(classes=["colwidths-given"])
    table += group
    return table


def _row(cells: list[nodes.Node]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        entry += cell
        row += entry
    return row


def escape_bars(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """|x| is a magnitude in our docstrings, not a reStructuredText substitution."""
    in_example = False
    for i, line in enumerate(lines):
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        if not in_example:
            lines[i] = line.replace("|", r"\|")


def setup(app: Any) -> dict[str, Any]:
    app.add_directive("algorithms", Algorithms)
    app.add_directive("modules", Modules)
    app.connect("autodoc-process-docstring", escape_bars, priority=400)  # before napoleon
    return {"parallel_read_safe": True}
