"""Network namespaces without root: a machine under test, what it is joined to, and ways to run commands in there.

A `Namespace` lives as long as its holder, a `cat` that ends when this process closes its end of the pipe, dies or is
killed: nothing stays behind. No address in here is reachable from outside, and nothing outside from here.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# ICMP errors come as fast as a test asks for them, and an address is usable as soon as it is there.
TEST_SYSCTLS = {
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv4/icmp_msgs_per_sec": "1000000",
    "net/ipv4/icmp_msgs_burst": "100000",
    "net/ipv6/icmp/ratelimit": "0",
    "net/ipv6/conf/all/accept_dad": "0",
    "net/ipv6/conf/default/accept_dad": "0",
    "net/ipv6/conf/default/router_solicitations": "0",
}
# Per network namespace only since some kernel; without them the machine's own limits hold.
OPTIONAL_SYSCTLS = {"net/ipv4/icmp_msgs_per_sec", "net/ipv4/icmp_msgs_burst"}
HOSTS = """127.0.0.1 localhost
::1 localhost
"""
# No name but those of the hosts file, and no waiting for it.
NSSWITCH = "hosts: files\n"


class Unavailable(Exception):
    """This machine forbids what a lab is made of."""


def sonde_binary():
    return os.environ.get("SONDE") or str(ROOT / "build/release/cli/sonde")


def sanitized():
    return bool(os.environ.get("SONDE_SANITIZE"))


def clean_environment(**extra):
    """An environment without the locale and terminal of whoever runs the tests."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "TMPDIR") or "SAN_OPTIONS" in k}
    return {**kept, "LC_ALL": "C.UTF-8", **extra}


def wait_until(condition, what, seconds=20):
    """Polls; `what` is said when the time is over. Returns the condition's value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.01)


class Namespace:
    """Commands run in it with all capabilities of its user namespace."""

    links = 100

    def __init__(self, enter, make):
        self.children = []
        self.processes = []
        self.replaced = set()
        self.holder = subprocess.Popen(
            [*enter, *make, "sh", "-c", "echo ready; exec cat >/dev/null"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        if self.holder.stdout.readline() != b"ready\n":
            self.holder.wait(10)
            raise Unavailable(self.holder.stderr.read().decode().strip() or "unshare failed")
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-U", "--preserve-credentials", "-m", "-n", "--"]

    @classmethod
    def fresh(cls, datagrams=True):
        """A user, network and mount namespace: the machine under test. Without `datagrams` nobody may open ICMP
        datagram sockets there, which is what the kernel begins with and, once allowed, cannot be written any more."""
        namespace = cls([], ["unshare", "-Urnm", "--propagation", "private"])
        try:
            namespace.prepare()
            if datagrams:
                namespace.sysctl("net/ipv4/ping_group_range", "0 0")
        except subprocess.CalledProcessError as error:
            namespace.close()
            raise Unavailable(error.stderr) from error
        return namespace

    def neighbour(self):
        """Another network namespace of the same user namespace, closed with this one."""
        other = Namespace(self.enter, ["unshare", "-n"])
        self.children.append(other)
        other.prepare()
        return other

    def prepare(self):
        lines = ["ip link set lo up"]
        for key, value in TEST_SYSCTLS.items():
            optional = " 2>/dev/null || :" if key in OPTIONAL_SYSCTLS else ""
            lines.append(f"{{ echo '{value}' >/proc/sys/{key}; }}{optional}")
        self.sh("\n".join(lines))

    def run(self, *argv, timeout=60, check=True, **options):
        options.setdefault("env", clean_environment())
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        if not {"stdout", "stderr"} & options.keys():
            options["capture_output"] = True
        return subprocess.run([*self.enter, *argv], text=True, errors="surrogateescape", timeout=timeout, check=check,
                              **options)

    def sh(self, script, **options):
        return self.run("sh", "-euc", script, **options).stdout

    def start(self, *argv, **options):
        """A process that `close` ends. Its pid is the command's own: nsenter execs."""
        options.setdefault("env", clean_environment())
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        process = subprocess.Popen([*self.enter, *argv], text=True, **options)
        self.processes.append(process)
        return process

    def sysctl(self, key, value):
        self.sh(f"echo '{value}' >/proc/sys/{key}")

    def replace_files(self, texts):
        """Other contents for files of the machine, in this namespace only."""
        script = []
        with tempfile.TemporaryDirectory(prefix="sonde_e2e_") as folder:
            os.chmod(folder, 0o755)
            for number, (path, text) in enumerate(texts.items()):
                source = Path(folder, str(number))
                source.write_text(text, errors="surrogateescape")
                script += [f"umount {path}"] if path in self.replaced else []
                script += [f"mount --bind {source} {path}"]
                self.replaced.add(path)
            self.sh("\n".join(script))

    def use_names(self, hosts=HOSTS, nsswitch=NSSWITCH, resolv="nameserver 127.0.0.1\n"):
        self.replace_files({"/etc/hosts": hosts, "/etc/nsswitch.conf": nsswitch,
                            os.path.realpath("/etc/resolv.conf"): resolv})

    def join(self, other, here, there, names=None):
        """A veth pair. `here` and `there` are lists of addresses with their prefix lengths."""
        Namespace.links += 2
        near, far = names or (f"near{self.links}", f"far{self.links}")
        # Where both ends have the same number the kernel takes up to a second to see that they are joined.
        self.run("ip", "link", "add", near, "index", str(self.links), "type", "veth", "peer", "name", far,
                 "index", str(self.links + 1), "netns", str(other.holder.pid))
        for namespace, device, addresses in ((self, near, here), (other, far, there)):
            # An address that nobody has is given up after a sixth of a second, not after three.
            script = [f"echo 50 | tee /proc/sys/net/ipv[46]/neigh/{device}/retrans_time_ms >/dev/null"]
            script += [f"ip addr add {a} dev {device}" + (" nodad" if ":" in a else "") for a in addresses]
            namespace.sh("\n".join([*script, f"ip link set {device} up"]))
        for namespace, device in ((self, near), (other, far)):
            namespace.sh(f"until ip link show dev {device} | grep -q 'state UP'; do sleep 0.01; done", timeout=20)
        return near, far

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for child in self.children:
            child.close()
        self.holder.stdin.close()
        self.holder.wait(10)
        self.holder.stdout.close()
        self.holder.stderr.close()


class RoutedLab:
    """host -- router -- far, IPv4 and IPv6. What lies behind the router besides `far` is unreachable in four ways."""

    FAR = {4: "198.51.100.2", 6: "2001:db8:2::2"}
    ROUTER = {4: "192.0.2.2", 6: "2001:db8:1::2"}
    HOST = {4: "192.0.2.1", 6: "2001:db8:1::1"}
    UNREACHABLE = {4: "203.0.113.1", 6: "2001:db8:f::1"}
    PROHIBITED = {4: "203.0.113.2", 6: "2001:db8:f::2"}
    BLACKHOLE = {4: "203.0.113.3", 6: "2001:db8:f::3"}
    NO_ROUTE = {4: "203.0.113.4", 6: "2001:db8:f::4"}
    ABSENT = {4: "198.51.100.99", 6: "2001:db8:2::99"}  # on far's link, and nobody has the address

    def __init__(self):
        self.host = Namespace.fresh()
        self.router = self.host.neighbour()
        self.far = self.host.neighbour()
        self.near_device, _ = self.host.join(self.router, ["192.0.2.1/24", "2001:db8:1::1/64"],
                                             ["192.0.2.2/24", "2001:db8:1::2/64"], ("near", "toward_host"))
        self.router.join(self.far, ["198.51.100.1/24", "2001:db8:2::1/64"],
                         ["198.51.100.2/24", "2001:db8:2::2/64"], ("toward_far", "far"))
        self.host.sh("ip route add default via 192.0.2.2; ip -6 route add default via 2001:db8:1::2")
        self.far.sh("ip route add default via 198.51.100.1; ip -6 route add default via 2001:db8:2::1")
        self.router.sh("echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")
        for family, prefix in ((4, ""), (6, "-6 ")):
            for kind, address in (("unreachable", self.UNREACHABLE), ("prohibit", self.PROHIBITED),
                                  ("blackhole", self.BLACKHOLE)):
                self.router.sh(f"ip {prefix}route add {kind} {address[family]}")
        hosts = HOSTS + "".join(f"{a} {name}\n" for name, pair in (("router.test", self.ROUTER), ("far.test", self.FAR))
                                for a in pair.values())
        self.host.use_names(hosts)

    def close(self):
        self.host.close()


class FakeNet:
    """A machine joined to a responder that answers as badly as a test asks it to: tests/e2e/responder.py.

    The responder's packets travel over TUN where /dev/net/tun may be opened, else over a veth and a packet socket.
    """

    def __init__(self, carrier=None, datagrams=True):
        self.host = Namespace.fresh(datagrams)
        self.carrier = carrier or os.environ.get("SONDE_E2E_CARRIER") or self.best_carrier()
        place = self.host
        if self.carrier == "packet":
            place = self.host.neighbour()
            self.host.join(place, [], [], ("fake0", "fake1"))
            self.host.sh("ip link set fake0 arp off")
        self.seen_path = Path(tempfile.mkstemp(prefix="sonde_e2e_")[1])
        name = "fake1" if self.carrier == "packet" else "fake0"
        self.responder = place.start(sys.executable, "-B", str(HERE / "responder.py"), self.carrier, name,
                                     str(self.seen_path))
        ready = self.responder.stdout.readline()
        if ready != "ready\n":
            raise AssertionError(f"the responder said {ready!r}: {self.responder.stderr.read()}")
        self.host.sh("""
            ip link set fake0 up
            ip addr add 198.18.255.1/15 dev fake0
            ip addr add 2001:db8:18::ffff/64 dev fake0 nodad
        """)
        self.host.use_names()

    def best_carrier(self):
        usable = self.host.run("sh", "-c", "exec 3<>/dev/net/tun", check=False).returncode == 0
        return "tun" if usable else "packet"

    def seen(self):
        """The echo requests that the responder saw, as it saw them."""
        import json
        return [json.loads(line) for line in self.seen_path.read_text().splitlines()]

    def close(self):
        crashed = self.responder.poll() is not None
        complaint = self.responder.stderr.read() if crashed else ""
        self.host.close()
        self.seen_path.unlink()
        assert not crashed, f"the responder ended: {complaint}"
