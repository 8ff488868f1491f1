"""What a process uses of the machine, as Linux tells it."""

import os
import time
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_bytes(pid: int) -> int:
    """The memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES


def highest_resident_bytes(pid: int) -> int:
    """The most memory that a process has held so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kib) * 1024


def processor_s(pid: int) -> float:
    """The processor time, of the user and the system, that a process has used, in seconds."""
    # The clock of a process counts in nanoseconds what /proc/PID/stat says in hundredths. This is
    # its number, as clock_getcpuclockid(3) makes it.
    return time.clock_gettime((~pid << 3) | 2)


def group_processor_s(group: int) -> float:
    """The processor time that the living processes of a group have used."""
    return sum(map(processor_s, processes_of(group)))


def processes_of(group: int) -> list[int]:
    """The living processes of a group, which child processes join where they do not leave it."""
    return [
        pid for pid in map(int, filter(str.isdecimal, os.listdir("/proc"))) if _group(pid) == group
    ]


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def machine_processor_s() -> float:
    """The processor time that everything on the machine has used, in seconds."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _idle, _iowait, irq, softirq = map(int, fields[:7])
    return (user + nice + system + irq + softirq) / TICKS_PER_S
