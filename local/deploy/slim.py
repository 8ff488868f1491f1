"""Python code without what only people read, and with the same line numbers for tracebacks."""

import ast
import io
import tokenize

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# Not empty: dataclasses write a docstring of their own for classes without one, slowly.
_DOCSTRING = b'"-"'


def slim(source: bytes) -> bytes:
    """The same code without comments, and with a dash for each docstring.

    Code of a later Python than this one comes back as it is.
    """
    try:
        tree = ast.parse(source)
        comments = [
            token
            for token in tokenize.tokenize(io.BytesIO(source).readline)
            if token.type == tokenize.COMMENT
        ]
    except (SyntaxError, tokenize.TokenError):
        return source
    lines = source.splitlines(keepends=True)
    for comment in comments:
        row, column = comment.start
        line = lines[row - 1]
        kept = line.decode("utf-8")[:column].rstrip().encode("utf-8")
        lines[row - 1] = kept + line[len(line.rstrip(b"\r\n")) :]
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and (docstring := _docstring(node)):
            _replace(lines, docstring)
    return b"".join(lines)


def _docstring(node: ast.AST) -> ast.expr | None:
    body = getattr(node, "body", [])
    if not body or not isinstance(body[0], ast.Expr):
        return None
    value = body[0].value
    is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return value if is_text else None


def _replace(lines: list[bytes], docstring: ast.expr) -> None:
    first, last = docstring.lineno - 1, (docstring.end_lineno or docstring.lineno) - 1
    rest = lines[last][docstring.end_col_offset :]
    lines[first] = lines[first][: docstring.col_offset] + _DOCSTRING + rest
    lines[first + 1 : last + 1] = [b"\n"] * (last - first)
