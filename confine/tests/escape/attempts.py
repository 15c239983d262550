"""Attempts to get out, by name. Exit status 0: it got through. 77: it was kept in. Anything else: the test is broken."""

import ctypes
import errno
import os
import socket
import struct
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
KEPT = 77
MARK = b"the secret of the tests"
# Of x86-64; the tests of calls by number run there alone.
NUMBERS = {
    "process_vm_readv": 310, "kcmp": 312, "pidfd_getfd": 438, "mount": 165, "umount2": 166, "pivot_root": 155, "move_mount": 429,
    "open_tree": 428, "fsopen": 430, "fsconfig": 431, "fspick": 433, "mount_setattr": 442, "setns": 308, "keyctl": 250, "add_key": 248,
    "request_key": 249, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "clone3": 435, "open_by_handle_at": 304,
    "chroot": 161, "sethostname": 170, "process_madvise": 440, "unknown": 1000, "x32_getpid": 0x40000000 + 39,
}


def got(what=""):
    print("got", what, flush=True)
    sys.exit(0)


def kept(why=""):
    print("kept", why, flush=True)
    sys.exit(KEPT)


def call(number, *args):
    """The error number of a system call; 0 where it succeeded."""
    ctypes.set_errno(0)
    result = LIBC.syscall(ctypes.c_long(number), *[ctypes.c_long(arg) for arg in args])
    return ctypes.get_errno() if result == -1 else 0


def read(path):
    with open(path, "rb") as file:
        got() if MARK in file.read() else kept("nothing there")


def exchange(seconds, *paths):
    """Reads paths again and again while somebody outside exchanges what lies on the way."""
    end = time.monotonic() + float(seconds)
    reads = tries = 0
    while time.monotonic() < end:
        for path in paths:
            tries += 1
            try:
                with open(path, "rb") as file:
                    reads += 1
                    if MARK in file.read():
                        got(f"after {tries} attempts")
            except OSError:
                pass
    kept(f"{tries} attempts, {reads} reads of what is given, 0 of what is not") if reads else sys.exit("nothing was ever read")


def through_proc(path):
    """The secret through the root or working directory of any process that can be seen."""
    for pid in ["self"] + [name for name in os.listdir("/proc") if name.isdigit()]:
        for way in ("root", "cwd", "task/%s/root" % (os.getpid() if pid == "self" else pid)):
            try:
                with open(f"/proc/{pid}/{way}{path}", "rb") as file:
                    if MARK in file.read():
                        got(f"{pid} {way}")
            except OSError:
                pass
    kept()


def of_processes():
    """The secret in the environment or the open files of any other process that can be seen."""
    own = str(os.getpid())
    for pid in (name for name in os.listdir("/proc") if name.isdigit() and name != own):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                if MARK in file.read():
                    got(f"environ of {pid}")
        except OSError:
            pass
        try:
            numbers = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        for number in numbers:
            try:
                with open(os.open(f"/proc/{pid}/fd/{number}", os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
                    if MARK in (file.read(100) or b""):
                        got(f"descriptor {number} of {pid}")
            except OSError:
                pass
    kept()


def descriptor(number):
    """The secret by a number that was left open."""
    os.lseek(int(number), 0, os.SEEK_SET)
    got() if MARK in os.read(int(number), 100) else kept("nothing there")


def variables(*names):
    seen = [name for name in names if name in os.environ]
    got(seen) if seen else kept()


def hard_link(path, link):
    os.link(path, link)
    read(link)


def write(path):
    with open(path, "ab") as file:
        file.write(b"x")
    got()


def create(path):
    with open(path, "xb"):
        got()


def rename(old, new):
    os.rename(old, new)
    got()


def chmod(path):
    os.chmod(path, 0o666)
    got()


def chmod_by_descriptor(path):
    """`fchmodat2` with an empty path, on a descriptor that Landlock lets anybody open."""
    descriptor = os.open(path, os.O_PATH)
    empty = ctypes.create_string_buffer(b"")
    error = call(452, descriptor, ctypes.addressof(empty), 0o666, 0x1000)
    kept(os.strerror(error)) if error else got()


def chmod_open(path):
    """By a descriptor that was opened for reading."""
    with open(path, "rb") as file:
        os.fchmod(file.fileno(), 0o666)
    got()


def times(path):
    os.utime(path, (1, 1))
    got()


def truncate(path):
    os.truncate(path, 0)
    got()


def ptrace(pid):
    """Attaches to another process (16), and lets go of it (17)."""
    if LIBC.ptrace(16, int(pid), 0, 0) == 0:
        os.waitpid(int(pid), 0x40000000)
        LIBC.ptrace(17, int(pid), 0, 0)
        got()
    kept(os.strerror(ctypes.get_errno()))


def ptrace_own():
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    try:
        ptrace(child)
    finally:
        os.kill(child, 9)


def signal(pid):
    os.kill(int(pid), 0)
    got()


def limits_of(pid):
    """Another process's limits, as they are (`RLIMIT_NOFILE` is 7)."""
    old = ctypes.create_string_buffer(16)
    if call(302, int(pid), 7, 0, ctypes.addressof(old)):
        kept("not even read")
    error = call(302, int(pid), 7, ctypes.addressof(old), 0)
    kept(os.strerror(error)) if error else got()


def connect_local(address):
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(local(address))
    got()


def send_by_pair(address):
    """A datagram to a socket outside, from one end of a pair."""
    end, _other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    end.sendto(b"x", local(address))
    got()


def local(address):
    return "\0" + address[1:] if address.startswith("@") else address


def udp(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
        datagram.sendto(b"x", ("127.0.0.1", int(port)))
    got()


def tcp(port):
    socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
    got()


def tcp_by_sending(port):
    """A connection that sending makes (`MSG_FASTOPEN`)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream:
        stream.sendto(b"x", 0x20000000, ("127.0.0.1", int(port)))
    got()


def family(number, kind, protocol):
    socket.socket(int(number), int(kind), int(protocol)).close()
    got()


def own_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
    got()


def listen(file):
    """Listens on a port, says which, and answers once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        with open(file + ".new", "w") as said:
            said.write(str(server.getsockname()[1]))
        os.rename(file + ".new", file)
        connection, _ = server.accept()
        connection.sendall(b"hello")
    got()


def shared_memory(key):
    """System V memory of another process of this user."""
    error = call(29, int(key), 0, 0)
    kept(os.strerror(error)) if error else got()


def user_namespace():
    error = call(272, 0x10000000)
    kept(os.strerror(error)) if error else got()


def user_namespace_by_clone():
    """`clone` with `CLONE_NEWUSER`, as `fork` does it (`SIGCHLD` is 17)."""
    pid = LIBC.syscall(56, ctypes.c_long(0x10000000 | 17), 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    kept(os.strerror(ctypes.get_errno())) if pid == -1 else got()


def by_number(*names):
    """Calls with arguments that no kernel takes. Through a filter they never learn that."""
    nowhere = 1
    errors = {name: call(NUMBERS[name], nowhere, nowhere, nowhere, nowhere, nowhere, nowhere) for name in names}
    refused = [name for name, error in errors.items() if error in (errno.EPERM, errno.ENOSYS)]
    if len(refused) == len(names):
        kept()
    got(errors) if not refused else sys.exit(f"some and not all: {errors}")


def terminal_input(high_bits):
    """`TIOCSTI`. What is no terminal answers otherwise than the filter does."""
    ctypes.set_errno(0)
    letter = ctypes.create_string_buffer(b"x")
    LIBC.syscall(ctypes.c_long(16), ctypes.c_long(0), ctypes.c_long(int(high_bits) << 32 | 0x5412), letter)
    error = ctypes.get_errno()
    kept(os.strerror(error)) if error == errno.EPERM else got(os.strerror(error))


def run_as(path):
    """A set-user-id copy of `id`."""
    user = subprocess.run([path, "-u"], capture_output=True, text=True, check=True).stdout.strip()
    got(user) if user == "0" else kept(user)


def capabilities():
    lines = [line for line in open("/proc/self/status") if line.startswith(("CapInh", "CapPrm", "CapEff", "CapAmb"))]
    kept() if all(int(line.split()[1], 16) == 0 for line in lines) else got(lines)


def grow(path, size):
    with open(path, "wb") as file:
        file.seek(int(size) - 1)
        file.write(b"x")
    got()


def allocate(size):
    block = bytearray(int(size))
    got(len(block))


def fork(count):
    for _ in range(int(count)):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
    got()


def inner(launcher):
    """A launcher inside the launcher."""
    ended = subprocess.run([launcher, "run", "--level=full", "--read=/usr", "--", "/usr/bin/true"], capture_output=True, text=True)
    kept(ended.stderr) if ended.returncode == 125 else got(ended.returncode)


def leave_behind():
    """A child in a session of its own, and one that its parent leaves; both hold the output open."""
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            time.sleep(600)
    print("left", flush=True)
    time.sleep(600)


def leave_behind_and_end():
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    print("left", flush=True)


if __name__ == "__main__":
    try:
        globals()[sys.argv[1]](*sys.argv[2:])
    except (OSError, MemoryError) as error:
        kept(error)
