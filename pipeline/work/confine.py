"""Takes from a process what a parser never needs: the network, other programs, the memory of other processes, more than its share.

Linux only, without privileges. Elsewhere each function says that it did nothing, and `kvarn doctor` passes that on.
"""

import ctypes
import math
import os
import platform
import resource
import signal
import struct
import sys
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2

# include/uapi/linux/seccomp.h and audit.h
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_EACCES = 13
_ENOSYS = 38

# machine -> (AUDIT_ARCH, number of socket(2), refused calls); socketpair(2) makes no connection and stays.
# Refused: execve, execveat, ptrace, process_vm_readv, process_vm_writev, pidfd_getfd. A parser that a document has taken over could
# start a program, or write into the main process, which belongs to the same user and has the network.
_ARCHITECTURES = {
    "x86_64": (0xC000003E, 41, (59, 322, 101, 310, 311, 438)),
    "aarch64": (0xC00000B7, 198, (221, 281, 117, 270, 271, 438)),
}
_IO_URING_SETUP = 425
"""The same on all architectures. A ring opens sockets without calling socket(2)."""

_X32_BIT = 0x40000000
_AF_UNIX = 1

# BPF: load a word at an offset of seccomp_data, jump if equal, jump if greater or equal, return.
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16


def forbid_calls() -> bool:
    """No socket but AF_UNIX, no new program, no other process's memory, for this process and all its children: EACCES.

    False: not possible here.
    """
    known = _ARCHITECTURES.get(platform.machine())
    if not sys.platform.startswith("linux") or known is None:
        return False
    program = _program(*known)
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog {unsigned short len; struct sock_filter *filter;}
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(
        libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header), 0, 0) == 0
    )


def _program(arch: int, socket_number: int, refused: tuple[int, ...]) -> bytes:
    """The filter; each jump counts the instructions that it skips if true and if false."""
    more = len(refused)
    instructions = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 0, 6 + more, arch),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 4 + more, 0, _X32_BIT),
        *((_EQUAL, 3 + more - at, 0, number) for at, number in enumerate(refused)),
        (_EQUAL, 4, 0, _IO_URING_SETUP),
        (_EQUAL, 0, 4, socket_number),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 2, 0, _AF_UNIX),
        (_RETURN, 0, 0, _ERRNO | _EACCES),
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)


def die_with(parent: int) -> None:
    """Be killed when the parent process ends, however it ends. `parent` is its pid, to notice that it ended already."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def limit_resources(address_bytes: int, open_files: int = 256) -> None:
    """No core dumps (they hold documents), a bound on address space and on open files; never above what is allowed already."""
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, open_files)
    if sys.platform.startswith("linux"):
        # macOS refuses a bound on address space below what the loader has mapped.
        _lower(resource.RLIMIT_AS, address_bytes)


def limit_cpu(seconds: float) -> None:
    """From now on this process may use `seconds` of CPU time before the kernel ends it with SIGXCPU. Call it anew with each document.

    The second net: the main process, which looks from outside, ends a worker first. Hence whole seconds, one more than asked,
    and only the soft bound, which may be raised again.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    bound = math.ceil(time.process_time() + seconds) + 1
    soft = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (bound, bound))


def resident_bytes(pid: int) -> int:
    """Resident memory of a process; 0 where the system does not tell or the process is gone."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as stat:  # noqa: PTH123
            return int(stat.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0


def cpu_seconds(pid: int) -> float:
    """CPU time of a process with all its threads; 0 where the system does not tell or the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123
            # After the name, which may hold spaces and brackets: state is field 3, utime 14, stime 15 (proc_pid_stat(5)).
            fields = stat.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0
