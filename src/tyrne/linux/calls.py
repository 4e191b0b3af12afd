"""The calls of Linux that the library answers: the table from which its dispatcher and docs/linux.md are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tyrne.linux.numbers import NAMES, NUMBERS


@dataclass(frozen=True)
class Call:
    """A call by its name, the file of the library that answers it, and what it does. `handler` is the name of the
    function, without `linux_`, where that is not the call's own."""

    name: str
    group: str
    what: str
    handler: str = ""

    @property
    def function(self) -> str:
        return f"linux_{self.handler or self.name}"


def _several(names: str, group: str, what: str, handler: str) -> Iterator[Call]:
    return (Call(name, group, what, handler) for name in names.split())


CALLS: Final = (
    Call("exit", "threads", "ends the thread; the last one, the program with the code of the first, modulo 256"),
    Call("exit_group", "threads", "ends the program with the code, modulo 256"),
    Call("clone", "threads", "a thread, as many as `threads` of its task says, then EAGAIN; a process: ENOSYS"),
    Call("gettid", "threads", "2, 3, …: the lowest that no other thread has"),
    Call("set_tid_address", "threads", "as Linux"),
    Call("futex", "futex", "WAIT, WAKE, both with BITSET, REQUEUE, CMP_REQUEUE; until a time takes a clock"),
    Call("brk", "memory", "from the lower end of the heap's addresses, 1 GiB at most"),
    Call("mmap", "memory", "from the upper end; PROT_NONE: addresses only; executable: EACCES; a shared file: ENODEV"),
    Call("munmap", "memory", "gives pages back"),
    Call("mremap", "memory", "in place, or moved if that is allowed; not to a fixed address"),
    Call("mprotect", "memory", "makes memory of what is reserved; otherwise nothing; executable: EACCES"),
    Call("madvise", "memory", "MADV_DONTNEED makes zeros, others do nothing"),
    *_several("msync mlock munlock mlockall munlockall", "memory", "does nothing", "zero"),
    Call("close", "descriptors", "closes a descriptor"),
    Call("dup", "descriptors", "of 64 descriptors the lowest free one"),
    Call("dup3", "descriptors", "onto a given descriptor"),
    Call("fcntl", "descriptors", "F_DUPFD, F_GETFL, O_APPEND by F_SETFL; locks, which nobody else has"),
    Call("pipe2", "descriptors", "both ends are the program's own; who reads where nothing is: EAGAIN"),
    *_several("socket socketpair", "descriptors", "EAFNOSUPPORT: there is no network", "socket"),
    *_several("bind connect listen accept accept4 getsockname getpeername sendto recvfrom sendmsg recvmsg getsockopt "
              "setsockopt shutdown", "descriptors", "ENOTSOCK", "no_socket"),
    Call("ioctl", "descriptors", "ENOTTY: no descriptor is a terminal"),
    Call("read", "files", "files, what standard input is given, /dev/zero, /dev/urandom"),
    *_several("readv pread64", "files", "as read", ""),
    Call("write", "files", "files; standard output and error go to the debug console; without it they are closed"),
    *_several("writev pwrite64", "files", "as write", ""),
    Call("lseek", "files", "ESPIPE for the streams, which look like pipes"),
    Call("ftruncate", "files", "files only"),
    Call("ppoll", "files", "files and what is left of the input are ready; otherwise it sleeps"),
    *_several("sync fsync fdatasync flock fadvise64", "files", "does nothing", "zero"),
    Call("openat", "paths", "what the archive has, and what the program makes; nothing leads out of it"),
    *_several("symlinkat mkdirat", "paths", "as Linux", ""),
    Call("unlinkat", "paths", "as Linux; the devices stay"),
    *_several("renameat renameat2", "paths", "as Linux, without RENAME_EXCHANGE", ""),
    Call("linkat", "paths", "EPERM: a file has one name"),
    Call("truncate", "paths", "files only"),
    *_several("chdir fchdir getcwd umask", "paths", "as Linux", ""),
    *_several("statfs fstatfs execve execveat getxattr lgetxattr fgetxattr", "paths", "ENOENT", "no_such_file"),
    Call("fstat", "status", "everything belongs to user 1000; times count from boot"),
    Call("newfstatat", "status", "as fstat", "fstatat"),
    Call("statx", "status", "as fstat"),
    Call("faccessat", "status", "asks whether a file may be executed, and allows all else"),
    Call("faccessat2", "status", "as faccessat", "faccessat"),
    Call("readlinkat", "status", "as Linux"),
    *_several("fchmod fchmodat", "status", "kept and told, but not asked", ""),
    *_several("fchown fchownat", "status", "to 1000; to another: EPERM", ""),
    Call("utimensat", "status", "the time of the last change"),
    Call("getdents64", "status", "in the order in which they were made"),
    Call("clock_gettime", "time", "time since boot by the capability named clock; without it 0"),
    Call("clock_getres", "time", "16 ns"),
    Call("gettimeofday", "time", "time since boot"),
    Call("nanosleep", "time", "by ARM over clock and a notification named quiet; without them EPERM"),
    Call("clock_nanosleep", "time", "as nanosleep"),
    Call("times", "time", "time since boot, as the process's own"),
    Call("getrusage", "time", "zeros"),
    Call("getpid", "identity", "2: there is one process"),
    Call("getppid", "identity", "1"),
    *_several("getuid geteuid getgid getegid", "identity", "1000", "getuid"),
    *_several("setuid setgid setfsuid setfsgid", "identity", "to 1000; to another: EPERM", "setuid"),
    *_several("setreuid setregid setresuid setresgid", "identity", "to 1000; to another: EPERM", "setresuid"),
    *_several("getresuid getresgid", "identity", "1000", "getresuid"),
    *_several("getgroups setpgid", "identity", "0", "zero"),
    *_several("getpgid getsid setsid", "identity", "2", "getpid"),
    Call("uname", "identity", "Linux tyrne 6.1.0 aarch64"),
    Call("prctl", "identity", "PR_SET_NAME, PR_GET_NAME; others: EINVAL"),
    Call("getrlimit", "identity", "the stack's size, 64 descriptors, otherwise none"),
    Call("prlimit64", "identity", "as getrlimit; to set one: EPERM"),
    Call("sched_yield", "identity", "lets others of the same priority run"),
    Call("sched_getaffinity", "identity", "one processor"),
    Call("getcpu", "identity", "0"),
    Call("sysinfo", "identity", "the heap as memory"),
    Call("getrandom", "random", "the same bytes for the same program and arguments, on every machine"),
    *_several("rt_sigaction rt_sigprocmask rt_sigpending", "signals", "as Linux", ""),
    Call("rt_sigtimedwait", "signals", "what is pending; otherwise, after the time that it says, EAGAIN"),
    *_several("kill rt_sigqueueinfo", "signals", "to itself, for whichever thread takes it; to others: ESRCH", ""),
    *_several("tkill tgkill rt_tgsigqueueinfo", "signals", "to one of its threads; to others: ESRCH", ""),
    *_several("wait4 waitid", "signals", "ECHILD", "no_child"),
    Call("rt_sigreturn", "handlers", "as Linux, from any frame"),
    Call("rt_sigsuspend", "handlers", "until a handler has run; who waits where nothing is pending is ended with 137"),
    Call("sigaltstack", "handlers", "as Linux"),
    *_several("clone3 set_robust_list get_robust_list rseq membarrier", "dispatch", "ENOSYS: programs do without",
              "without"),
)
"""In the order of the library's files."""


PATHS: Final = {
    "execve chdir truncate statfs chroot acct umount2 swapon swapoff pivot_root setxattr lsetxattr getxattr lgetxattr "
    "listxattr llistxattr removexattr lremovexattr": 0,
    "openat openat2 mkdirat mknodat unlinkat renameat renameat2 linkat fchmodat fchmodat2 fchownat faccessat "
    "faccessat2 newfstatat statx readlinkat utimensat execveat name_to_handle_at inotify_add_watch mount open_tree "
    "move_mount fspick mount_setattr setxattrat getxattrat listxattrat removexattrat file_getattr file_setattr": 1,
    "symlinkat": 2,
    "fanotify_mark": 4,
}
"""Which argument of a call is a path, counted from 0; the first, where there are two."""
TOLD: Final = 0x4C58_0000
"""Calls of Tyrne that no kernel has: by TOLD and a number of Linux the library tells what it refuses."""
TOLD_OTHER: Final = 0xFFFF
"""In place of a number that Linux does not have."""
PIECE_BYTES, MOST_TOLD = 40, 200
"""Of a path, in one such call and in all."""


def calls_header() -> str:
    """The text of calls.h, which dispatch.c includes once for each of its tables."""
    answered = {NUMBERS[call.name]: call.function for call in CALLS}
    paths = {NUMBERS[name]: argument for names, argument in PATHS.items() for name in names.split()}
    sizes = {"LINUX_CALLS": max(NAMES) + 1, "LINUX_TOLD": TOLD, "LINUX_TOLD_OTHER": TOLD_OTHER, "MOST_TOLD": MOST_TOLD}
    lines = [f"#undef {name}\n#define {name} {size}ul" for name, size in sizes.items()]
    lines += [f"CALL({number}, {function})" for number, function in sorted(answered.items())]
    lines += [f"PATH({number}, {argument})" for number, argument in sorted(paths.items())]
    return "\n".join([*lines, ""])
