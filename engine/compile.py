"""How does the core become machine code? Built ahead of time; the only file that names numba.

`python -m engine.compile` compiles every function of the core set, re-emits them as
position-independent code and links them with a thin C entry into `engine/built/core-<digest>.so`.
"""

import fcntl
import importlib
import os
import subprocess
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

from engine.core import CORE, KNOWN_KINDS, NATIVE, NUMBA, ROOT, STATE_SIZE, core_path
from engine.layout import Block, dtype_of, size_of
from engine.messages import RECORD
from engine.simulation import SPAN
from engine.state import STATE, SYMBOLS_MAX

FLAGS = ("-O2", "-fPIC", "-shared", "-std=gnu11", "-Wall", "-Wl,-z,noexecstack")


class CannotBuild(Exception):
    """What is missing to build the core, in one line."""


def compiled_functions(modules: list[types.ModuleType]) -> dict[Any, Any]:
    """Every function defined in the core set, with its compiled form."""
    from numba import njit

    found = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
                found[value] = njit(error_model="numpy")(value)
    return found


def rebind(modules: list[types.ModuleType], compiled: dict[Any, Any]) -> None:
    """Put each compiled function where its plain form stood, in every module that uses it."""
    for module in modules:
        for name, value in list(vars(module).items()):
            if isinstance(value, types.FunctionType) and value in compiled:
                setattr(module, name, compiled[value])


def over_one_record(function: Any) -> Any:
    """An entry of raw pointers to the state and one record."""
    from numba import carray

    def entry(state: Any, event: Any) -> int:
        function(carray(state, (1,))[0], carray(event, (1,))[0])
        return 0

    return entry


def over_many_records(function: Any) -> Any:
    """An entry of raw pointers to the state, records, their output and the span."""
    from numba import carray

    def entry(state: Any, records: Any, out: Any, span: Any) -> int:
        run = carray(span, (1,))[0]
        events, kept = carray(records, (run.stop,)), carray(out, (run.room,))
        function(carray(state, (1,))[0], events, kept, run)
        return 0

    return entry


def pointer_to(declared: Block) -> Any:
    """The type of a raw pointer to a block."""
    from numba import from_dtype, types

    return types.CPointer(from_dtype(dtype_of(declared)))


def entries() -> list[tuple[str, Any]]:
    """The C-callable entries: name and compiled wrapper, each over raw pointers."""
    from numba import cfunc
    from numba import types as kinds

    modules = [importlib.import_module(name) for name in CORE]
    rebind(modules, compiled_functions(modules))
    core = {name: value for module in modules for name, value in vars(module).items()}
    state, record, span = pointer_to(STATE), pointer_to(RECORD), pointer_to(SPAN)
    rows = (
        ("kernel_process", over_one_record(core["process"]), (state, record)),
        ("kernel_attend", over_one_record(core["attend"]), (state, record)),
        ("kernel_history", over_many_records(core["history"]), (state, record, record, span)),
        ("kernel_replay", over_many_records(core["replay"]), (state, record, record, span)),
    )
    made = []
    for name, function, arguments in rows:
        print(f"  compiling {name}", file=sys.stderr, flush=True)
        made.append((name, cfunc(kinds.int64(*arguments), error_model="numpy")(function)))
    return made


def object_of(name: str, wrapper: Any) -> bytes:
    """One entry and all it calls as position-independent machine code, the rest internal."""
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(wrapper.inspect_llvm())
    symbol = wrapper._wrapper_name
    for value in [*module.functions, *module.global_variables]:
        if not value.is_declaration and not value.name.startswith("llvm."):
            value.linkage = "external" if value.name == symbol else "internal"
    if name == "kernel_history":  # a fifth faster; the other entries would only build longer
        for function in module.functions:
            if not function.is_declaration and function.name != symbol:
                function.add_function_attribute("alwaysinline")
    triple = llvm.get_process_triple()
    machine = llvm.Target.from_triple(triple).create_target_machine(
        cpu="x86-64-v2" if triple.startswith("x86_64") else "",
        opt=3,
        reloc="pic",
        codemodel="default",
    )
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    emitted: bytes = machine.emit_object(llvm.parse_assembly(str(module).replace(symbol, name)))
    return emitted


def undefined_in(path: Path) -> list[str]:
    """Symbols the kernel would need from elsewhere; there may be none."""
    listed = subprocess.run(["nm", "-u", path], capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split() if name not in ("U", "w")]


def macros() -> list[str]:
    """What the C entry must know of the layout."""
    offsets, at = {}, 0
    for name, field in STATE.items():
        offsets[name], at = at, at + size_of(field)
    facts_at, at = 0, 0
    for name, field in STATE["venue"].items():
        facts_at, at = (at, at) if name == "facts" else (facts_at, at + size_of(field))
    low = sum(1 << kind for kind in KNOWN_KINDS if kind < 64)
    high = sum(1 << kind - 64 for kind in KNOWN_KINDS if kind >= 64)
    return [
        f"-DSTATE_SIZE={STATE_SIZE}",
        f"-DCOMMANDS_AT={offsets['commands']}",
        f"-DFACTS_AT={offsets['venue'] + facts_at}",
        f"-DSYMBOLS_MAX={SYMBOLS_MAX}",
        f"-DKNOWN_KINDS={low}u,{high}u",
    ]


def build() -> Path:
    """Build the core of these sources and return its path; CannotBuild says what is missing."""
    path = core_path()
    if path.exists():
        return path
    compiler = next((name for name in ("cc", "gcc", "clang") if _is_there(name)), None)
    if compiler is None:
        raise CannotBuild("no C compiler (cc, gcc or clang)")
    try:
        import numba
    except ImportError as missing:
        raise CannotBuild(f"{missing.name} is not installed") from missing
    if numba.__version__ != NUMBA:
        raise CannotBuild(f"numba {NUMBA} is needed, {numba.__version__} is installed")
    path.parent.mkdir(exist_ok=True)
    with open(path.parent / "lock", "w") as lock, tempfile.TemporaryDirectory() as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two builds at once: the second finds the first's work
        if not path.exists():
            _link(compiler, Path(folder), path)
    return path


def _is_there(name: str) -> bool:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    return any((Path(folder) / name).exists() for folder in folders)


def _link(compiler: str, folder: Path, path: Path) -> None:
    objects = []
    for name, wrapper in entries():
        made = folder / f"{name}.o"
        made.write_bytes(object_of(name, wrapper))
        needed = undefined_in(made)
        if needed:
            raise CannotBuild(f"the kernel needs {', '.join(needed)}: not allowed in the core")
        objects.append(made)
    linked = folder / "core.so"
    sources = [ROOT / name for name in NATIVE]
    files = [str(file) for file in (*sources, *objects)]
    command = [compiler, *FLAGS, *macros(), "-o", str(linked), *files, "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuild(f"{compiler} failed: {done.stderr.strip().splitlines()[0]}")
    staged = path.with_suffix(f".{os.getpid()}")
    with open(staged, "wb") as made_durable:
        made_durable.write(linked.read_bytes())
        made_durable.flush()
        os.fsync(made_durable.fileno())
    staged.chmod(0o755)
    staged.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """A built core that a power cut leaves empty would be found and not load."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def main() -> int:
    """Build and say where; 1 and one line when it cannot be."""
    try:
        print(build())
    except CannotBuild as missing:
        print(f"supreme: the core cannot be built: {missing}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
