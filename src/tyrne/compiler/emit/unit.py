"""The whole C file of a program, and what assembly and host programs need to know of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby

from tyrne.compiler.emit import functions
from tyrne.compiler.emit.schema import schema
from tyrne.compiler.emit.types import TypeOrder, definitions, foreign_definitions
from tyrne.compiler.front.modules import Module
from tyrne.compiler.image.measure import Global
from tyrne.compiler.image.snapshot import c_string
from tyrne.compiler.lower.function import Instance
from tyrne.compiler.lower.names import constant_name
from tyrne.compiler.lower.program import Program
from tyrne.compiler.lower.types import NORETURN, VOID, Array, Place, declare, stored
from tyrne.compiler.rules.marks import HOT
from tyrne.compiler.unit import Target, Unit

REPLY_REGISTERS = 8


class Writer:
    """Writes one lowered program for one target."""

    def __init__(self, program: Program, target: Target, root: str) -> None:
        self.program = program
        self.is_host = target is Target.HOST
        self.target = target
        self.root = root
        self.groups = functions.grouped(program.instances.values())
        self.files = tuple(self.groups)
        self.globals = self._globals()
        self.order = TypeOrder(program)

    def unit(self, modules: Sequence[Module]) -> Unit:
        bodies = self._functions()
        helpers = [self._helper(name) for name in self.program.helpers]
        data = self._data()
        self._need_types(["\n".join(bodies), *helpers, *data])
        parts = [
            f"/* {self.root}, compiled for {self.target.value}. */",
            f"#define KP_{self.target.name} 1\n#define KP_FILE 0\n#include \"kp.h\"",
            *definitions(self.order),
            self._symbols(),
            *data,
            *self._for_size(helpers),
            self._source_names(),
            self._supervisor_call(),
            self._externs(),
            functions.prototypes(self.groups),
            *bodies,
        ]
        if self.is_host:
            parts += ["#undef KP_FILE\n#define KP_FILE 0", self._guards(), self._reset()]
        return Unit(
            c="\n\n".join(part for part in parts if part) + "\n",
            offsets=self._offsets(),
            declarations=self._declarations(),
            types=schema(self.program, self.order, self.globals, self._exports()),
            files=tuple(self._short(path) for path in self.files),
            inputs=tuple(module.path for module in modules),
        )

    # -- what there is

    def _globals(self) -> list[Global]:
        """The places that become C objects: on a machine those that functions lead to, for a host program all."""
        image = self.program.image
        if self.is_host:
            return image.top
        wanted = {item.path.partition(".")[0].partition("[")[0] for item in self.program.used_globals.values()}
        pending = list(wanted)
        texts = {item.path: self.program.snapshot.initialiser(item.type, item.value, item.path) for item in image.top}
        for _, text in self.program.constants.values():
            pending += [name for name in texts if f"&{name}" in text]
        while pending:
            name = pending.pop()
            wanted.add(name)
            pending += [other for other in texts if other not in wanted and f"&{other}" in texts.get(name, "")]
        return [item for item in image.top if item.path in wanted]

    def _exports(self) -> list[Instance]:
        return [i for i in self.program.instances.values() if i.is_exported]

    def _need_types(self, texts: list[str]) -> None:
        for item in self.globals:
            self.order.need(item.type)
        for instance in [*self.program.instances.values(), *self.program.externs.values()]:
            for t in [*(t for _, t in instance.parameters), instance.result]:
                if isinstance(t, Place | Array):
                    self.order.need(t)
        heads = [i.head() for i in [*self.program.instances.values(), *self.program.externs.values()]]
        self.order.need_words([*texts, *heads])
        if self.program.supervisor_call is not None:
            self.order.need(self.program.supervisor_call)
        self.order.finish()

    # -- parts of the file

    def _data(self) -> list[str]:
        static = "" if self.is_host else "static "
        constants = [
            f"static const {stored(t, name)} = {text or '{}'};" for name, (t, text) in self.program.constants.items()
        ]
        first = [f"{static}{stored(item.type, item.path)};" for item in self.globals]
        full = []
        for item in self.globals:
            text = self.program.snapshot.initialiser(item.type, item.value, item.path)
            if text:
                full.append(f"{static}{stored(item.type, item.path)} = {text};")
        return [part for part in ("\n".join(first), "\n".join(constants), "\n".join(full)) if part]

    def _helper(self, name: str) -> str:
        return self.program.helpers[name][1]()

    def _functions(self) -> list[str]:
        out = []
        for number, (path, found) in enumerate(self.groups.items()):
            out.append(f"#undef KP_FILE\n#define KP_FILE {number} /* {self._short(path)} */")
            for is_hot, run in groupby(enumerate(found), lambda item: HOT in item[1].marks):
                texts = [functions.text(instance, None if i else self._short(path)) for i, instance in run]
                out += texts if is_hot else self._for_size(texts)
        return out

    def _for_size(self, texts: list[str]) -> list[str]:
        """Functions that a kernel compiles for size; other programs are compiled for speed alone."""
        return ["KP_SIZE", *texts, "KP_SIZE_END"] if texts and self.target is Target.METAL else texts

    def _short(self, path: str) -> str:
        """A file's name in a panic: from its top-level package on."""
        module = next(m for m in self.program.own.values() if m.path == path)
        depth = module.name.count(".") + (1 if module.is_package else 0)
        return "/".join(path.split(os.sep)[-depth - 1 :])

    def _symbols(self) -> str:
        return "\n".join(f"extern const u8 {name}[];" for name in sorted(self.program.symbols))

    def _source_names(self) -> str:
        if not self.program.uses_source_names:
            return ""
        names = ",\n".join(f"    bytes({c_string(self._short(path).encode())})" for path in self.files)
        return (
            f"static const Bytes kp_source_names[] = {{\n{names},\n}};\n\n"
            "static u8 kp_source_name(u32 file, u64 position) {\n"
            f"    if (file >= {len(self.files)} || position >= kp_source_names[file].length)\n"
            "        return 0;\n"
            "    return kp_source_names[file].data[position];\n"
            "}"
        )

    def _supervisor_call(self) -> str:
        reply = self.program.supervisor_call
        if reply is None:
            return ""
        head = f"static inline {reply.name} supervisor_call(u64 number, {', '.join(f'u64 x{i}' for i in range(6))}) {{"
        if self.is_host:
            return f"{head}\n    kp_machine(KP_SITE);\n}}"
        lines = [head, '    register u64 r8 __asm__("x8") = number;']
        lines += [f'    register u64 r{i} __asm__("x{i}") = x{i};' for i in range(6)]
        lines += [f'    register u64 r{i} __asm__("x{i}");' for i in range(6, REPLY_REGISTERS)]
        both = ", ".join(f'"+r"(r{i})' for i in range(6))
        out = ", ".join(f'"=r"(r{i})' for i in range(6, REPLY_REGISTERS))
        lines.append(f'    __asm__ volatile("svc #0" : {both}, {out} : "r"(r8) : "memory", "cc");')
        lines.append(f"    return ({reply.name}){{{', '.join(f'r{i}' for i in range(REPLY_REGISTERS))}}};")
        return "\n".join([*lines, "}"])

    def _externs(self) -> str:
        out = []
        for instance in self.program.externs.values():
            if not self.is_host:
                named = instance.changes is None
                out.append(f"{instance.head().removeprefix('static ')};" if named else self._leaf(instance))
                continue
            pointer = f"(*kp_extern_{instance.node.name})"
            out.append(f"{self._signature(instance, pointer)};")
            arguments = ", ".join(instance.parameter_names)
            out.append(
                f"{instance.head()} {{\n    if (kp_extern_{instance.node.name} == NULL)\n        kp_machine(KP_SITE);\n"
                f"    return kp_extern_{instance.node.name}({arguments});\n}}"
            )
        return "\n".join(out)

    @staticmethod
    def _leaf(instance: Instance) -> str:
        """A call of assembly that says what it changes. x17 keeps the way back, so that no frame is needed for it."""
        changed = dict.fromkeys(instance.changes or ())
        returns = instance.result not in (VOID, NORETURN)
        lines = [f"KP_INLINE {instance.head().removeprefix('static ')} {{"]
        for i, name in enumerate(instance.parameter_names):
            lines.append(f'    register u64 x{i} __asm__("x{i}") = (u64){name};')
        passed = [f"x{i}" for i in range(len(instance.parameter_names))]
        if returns and not passed:
            lines.append('    register u64 x0 __asm__("x0");')
        out = [x for x in passed if x in changed or (returns and x == "x0")]
        outputs = [f'"+r"({x})' for x in out] or (['"=r"(x0)'] if returns else [])
        inputs = [f'"r"({x})' for x in passed if x not in out]
        clobbers = [x for x in changed if x not in out and not (returns and x == "x0")]
        text = f'"mov x17, x30\\n\\tbl {instance.node.name}\\n\\tmov x30, x17"'
        kept = ", ".join(f'"{x}"' for x in (*clobbers, "x16", "x17", "memory", "cc"))
        lines.append(f"    __asm__ volatile({text} : {', '.join(outputs)} : {', '.join(inputs)} : {kept});")
        if returns:
            lines.append(f"    return ({declare(instance.result, '').strip()})x0;")
        return "\n".join([*lines, "}"])

    def _signature(self, instance: Instance, name: str) -> str:
        named = zip(instance.parameter_names, instance.parameters, strict=True)
        parameters = ", ".join(declare(t, name) for name, (_, t) in named) or "void"
        return declare(instance.result, f"{name}({parameters})")

    # -- host programs

    def _guard_head(self, instance: Instance) -> str:
        names = instance.parameter_names
        parameters = [declare(t, n) for n, (_, t) in zip(names, instance.parameters, strict=True)]
        if not instance.head().startswith(("void ", "_Noreturn ")):
            parameters.insert(0, declare(instance.result, "*kp_result"))
        return f"bool kp_call_{instance.node.name}({', '.join(parameters) or 'void'})"

    def _guards(self) -> str:
        out = []
        for instance in self._exports():
            head = self._guard_head(instance)
            call = f"{instance.c_name}({', '.join(instance.parameter_names)})"
            store = "*kp_result = " if "kp_result" in head else ""
            out.append(f"{head} {{\n    kp_guarded({store}{call});\n}}")
        return "\n\n".join(out)

    def _reset(self) -> str:
        lines = ["void kp_reset(void) {"]
        before = []
        for item in self.globals:
            text = self.program.snapshot.initialiser(item.type, item.value, item.path)
            if text:
                before.append(f"static const {stored(item.type, f'kp_initial_{item.path}')} = {text};")
                lines.append(f"    __builtin_memcpy(&{item.path}, &kp_initial_{item.path}, sizeof {item.path});")
            else:
                lines.append(f"    __builtin_memset(&{item.path}, 0, sizeof {item.path});")
        return "\n".join([*before, *lines, "}"])

    def _declarations(self) -> str:
        out = foreign_definitions(self.order)
        if self.is_host:
            out.append("typedef struct KpTrap {\n    u32 kind, file, line;\n} KpTrap;\nextern KpTrap kp_trap;")
            out += [f"extern {stored(item.type, item.path)};" for item in self.globals]
            out += [f"{i.head().removeprefix('_Noreturn ')};\n{self._guard_head(i)};" for i in self._exports()]
            for instance in self.program.externs.values():
                out.append(f"extern {self._signature(instance, f'(*kp_extern_{instance.node.name})')};")
            out.append("void kp_reset(void);")
        return "\n".join(out) + "\n"

    # -- assembly

    def _offsets(self) -> str:
        """`#define`s of sizes and offsets. A name that two fields would share is left out."""
        found: dict[str, set[int]] = {}
        for t in self.order.ordered:
            if isinstance(t, Place):
                offsets, layout = self.order.layouts.struct(t)
                found.setdefault(f"SIZEOF_{constant_name(t.name)}", set()).add(layout.size)
                for item, offset in offsets:
                    found.setdefault(f"{constant_name(t.name)}_{constant_name(item.name)}", set()).add(offset)
        lines = [f"#define {name} {values.pop()}" for name, values in found.items() if len(values) == 1]
        return "\n".join(lines) + "\n"
