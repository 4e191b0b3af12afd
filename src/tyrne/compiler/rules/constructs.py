"""What each construct outside the language is answered with: what it is, and what to write instead."""

from __future__ import annotations

from typing import Final

EXPRESSIONS: Final = {
    "StrExpr": "text is outside the language; write bytes: b\"…\"",
    "FloatExpr": "floating point is outside the language; write integers: u64(…)",
    "ComplexExpr": "complex numbers are outside the language; write integers: u64(…)",
    "EllipsisExpr": "`...` as a value is outside the language; write the value",
    "ListExpr": "lists are outside the language; write an Array in a module-level place",
    "DictExpr": "dicts are outside the language; write a `match`",
    "SetExpr": "sets are outside the language; write an IntFlag, or `or` between comparisons",
    "TupleExpr": "tuples are outside the language; write a frozen dataclass",
    "ListComprehension": "comprehensions are outside the language; write a `for` loop",
    "SetComprehension": "comprehensions are outside the language; write a `for` loop",
    "DictionaryComprehension": "comprehensions are outside the language; write a `for` loop",
    "GeneratorExpr": "generators are outside the language; write a `for` loop",
    "LambdaExpr": "lambdas are outside the language; write a function at module level",
    "SliceExpr": "slices are outside the language; pass a start and a length",
    "YieldExpr": "generators are outside the language; write a loop that calls a function",
    "YieldFromExpr": "generators are outside the language; write a loop that calls a function",
    "AwaitExpr": "coroutines are outside the language; write a function that returns",
    "AssignmentExpr": "`:=` is outside the language; assign in a statement before",
    "StarExpr": "`*` arguments are outside the language; write each argument",
    "SuperExpr": "super() is outside the language; call the method of a field",
    "CastExpr": "typing.cast is outside the language; test with isinstance",
    "AssertTypeExpr": "assert_type is outside the language; annotate the variable",
    "RevealExpr": "reveal_type is no part of a program; remove it",
    "TemplateStrExpr": "text is outside the language; write bytes: b\"…\"",
    "FormatStringExpr": "text is outside the language; write bytes: b\"…\"",
}
"""By the class name of mypy's expression."""

STATEMENTS: Final = {
    "DelStmt": "`del` is outside the language; assign None",
    "RaiseStmt": "exceptions are outside the language; return an Enum, or `assert` what must hold",
    "TryStmt": "exceptions are outside the language; return an Enum and test it",
    "WithStmt": "`with` is outside the language; call both functions",
    "GlobalDecl": "`global` is outside the language; assign a field of a module-level place",
    "NonlocalDecl": "`nonlocal` is outside the language; assign a field of a place",
    "Import": "imports in a function are outside the language; import at the top of the module",
    "ImportFrom": "imports in a function are outside the language; import at the top of the module",
    "ImportAll": "imports in a function are outside the language; import at the top of the module",
    "ClassDef": "classes in a function are outside the language; define it at module level",
    "FuncDef": "functions in a function are outside the language; define it at module level",
    "Decorator": "functions in a function are outside the language; define it at module level",
    "OverloadedFuncDef": "overloads are outside the language; write one function with a union",
    "TypeAliasStmt": "type aliases in a function are outside the language; define it at module level",
}
"""By the class name of mypy's statement."""

FUNCTIONS: Final = {
    "builtins.abs": "unsigned integers have no sign; drop it",
    "builtins.all": "write a `for` loop",
    "builtins.any": "write a `for` loop",
    "builtins.divmod": "write // and %",
    "builtins.enumerate": "write `for i in irange(len(x))` and index",
    "builtins.getattr": "name the field",
    "builtins.hash": "name the field that identifies the object",
    "builtins.id": "compare places with `is`",
    "builtins.input": "read from a board",
    "builtins.int": "write u64(…)",
    "builtins.map": "write a `for` loop",
    "builtins.ord": "write the byte's number",
    "builtins.pow": "write the product",
    "builtins.print": "write bytes to a console",
    "builtins.range": "write irange(…): its numbers are u64",
    "builtins.repr": "text is outside the language",
    "builtins.reversed": "write a `while` loop that counts down",
    "builtins.setattr": "assign the field",
    "builtins.sorted": "keep the Array in order",
    "builtins.str": "text is bytes",
    "builtins.sum": "write a `for` loop",
    "builtins.super": "call the method of a field",
    "builtins.type": "write isinstance or `match`",
    "builtins.zip": "write `for i in irange(len(x))` and index",
    "tyrne.lang.handles.handle": "handles are read at module level: NAME: Final = EndpointCap(handle(…))",
    "tyrne.lang.marks.option": "options are read at module level: NAME: Final = option(…)",
    "tyrne.lang.marks.set_options": "options are set by the build",
    "dataclasses.replace": "make the value with all its fields",
}
"""Functions of Python that people reach for, by full name."""
