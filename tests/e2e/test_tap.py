"""`sonde tap`: what a device that it makes is like, that deletion undoes all of it, and what is refused."""

import json
import re
import subprocess

import pytest

import lab
from command import UNPRIVILEGED, parse_lines, sonde, validate

CREATE = ("tap", "create", "tap0", "--user", "root", "--address", "192.168.69.100/24", "--address", "fdaa::100/64")
FORWARDING = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding")


def forwarding(namespace):
    return [namespace.sh(f"cat /proc/sys/{key}").strip() for key in FORWARDING]


def state(namespace):
    """Everything that a device of ours may change, without what differs from one device to the next, and without what
    follows when nobody is attached, which the kernel notes in its own time."""
    links = json.loads(namespace.sh("ip -j -d link show"))
    for one in links:
        for key in ("ifindex", "address", "ifalias", "stats64", "inet6_addr_gen_mode", "operstate", "qdisc"):
            one.pop(key, None)
        one["flags"] = sorted(set(one["flags"]) - {"NO-CARRIER", "LOWER_UP"})
    addresses = [(a["ifname"], [f"{i['local']}/{i['prefixlen']}" for i in a["addr_info"] if i["scope"] == "global"])
                 for a in json.loads(namespace.sh("ip -j addr show"))]
    routes = [r.replace(" linkdown", "") for r in namespace.sh("ip route show table all; ip -6 route show table all").splitlines()
              if "fe80:" not in r and "ff00::/8" not in r]
    return links, addresses, sorted(routes), namespace.sh("nft list ruleset"), forwarding(namespace)


def devices(namespace):
    lines = parse_lines(sonde(namespace, "tap", "list", "--json").out)
    validate(lines)
    assert lines[-1]["event"] == "tap_total" and lines[-1]["devices"] == len(lines) - 1
    return {line["name"]: line for line in lines[:-1]}


def done(result):
    assert result.code == 0, result
    return result


def refused(result, *words, code=2):
    assert result.code == code and result.out == "", result
    for word in words:
        assert word in result.err, result
    return result


def test_dry_run_needs_no_privilege_and_changes_nothing(host):
    before = state(host)
    result = done(sonde(host, *CREATE, "--route", "fdaa::/64", "--route", "10.0.0.0/8 via 192.168.69.1", "--masquerade",
                        "--mtu", "1400", "--dry-run", wrap=UNPRIVILEGED))
    assert result.err == "" and result.out == """\
ip tuntap add name tap0 mode tap user root
ip link set tap0 mtu 1400
ip link set tap0 up
ip addr add 192.168.69.100/24 dev tap0
ip -6 addr add fdaa::100/64 dev tap0 nodad
ip route add 10.0.0.0/8 via 192.168.69.1 dev tap0
nft 'create table inet sonde_tap0'
nft 'add chain inet sonde_tap0 postrouting { type nat hook postrouting priority srcnat; }'
nft 'add rule inet sonde_tap0 postrouting ip saddr 192.168.69.0/24 oifname != "tap0" masquerade'
nft 'add rule inet sonde_tap0 postrouting ip6 saddr fdaa::/64 oifname != "tap0" masquerade'
sysctl -w net.ipv4.ip_forward=1
sysctl -w net.ipv6.conf.all.forwarding=1
"""
    assert state(host) == before


def test_the_printed_commands_do_the_same(host):
    words = (*CREATE, "--tun", "--group", "root", "--route", "10.0.0.0/8 via 192.168.69.1", "--route", "2001:db8::/32",
             "--mtu", "1400", "--masquerade")
    done(sonde(host, *words))
    by_sonde = state(host)
    done(sonde(host, "tap", "delete", "tap0"))
    host.sh(done(sonde(host, *words, "--dry-run")).out)
    assert state(host) == by_sonde


def test_everything_is_there_and_deletion_undoes_it(host):
    before = state(host)
    result = done(sonde(host, *CREATE, "--masquerade"))
    assert result.out == "tap0: tap device of user root, 192.168.69.100/24, fdaa::100/64, masqueraded\n"
    assert "accept_ra=2" in result.err, "what IPv6 forwarding costs is told"
    device = devices(host)["tap0"]
    assert device["kind"] == "tap" and device["user"] == "root" and device["uid"] == 0 and device["group"] is None
    assert device["persistent"] and device["up"] and not device["in_use"] and device["mtu"] == 1500
    assert {"192.168.69.100/24", "fdaa::100/64"} <= set(device["addresses"])
    assert device["made_by_sonde"] and device["masquerade"]
    assert "masquerade" in host.sh("nft list table inet sonde_tap0") and forwarding(host) == ["1", "1"]
    table = sonde(host, "tap", "list").lines
    assert table[0].split() == ["device", "kind", "owner", "state", "mtu", "addresses", "made", "by"]
    assert re.match(r"tap0 +tap +root +up +1500 +192\.168\.69\.100/24 .*sonde, masqueraded$", table[1])
    done(sonde(host, "tap", "delete", "tap0"))
    assert state(host) == before
    refused(sonde(host, "tap", "delete", "tap0"), "there is no device tap0", code=1)
    assert sonde(host, "tap", "list").out == "no TUN or TAP devices\n"


def test_printed_deletion_does_the_same(host):
    before = state(host)
    done(sonde(host, *CREATE, "--masquerade"))
    script = done(sonde(host, "tap", "delete", "tap0", "--dry-run", wrap=UNPRIVILEGED)).out
    assert state(host) != before
    host.sh(script)
    assert state(host) == before


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")], ids=str)
@pytest.mark.parametrize("at_first", ["0", "1"])
def test_forwarding_is_as_before_when_the_last_device_is_gone(host, order, at_first):
    host.sysctl(FORWARDING[0], at_first)
    for name, address in (("a", "192.168.1.1/24"), ("b", "192.168.2.1/24")):
        done(sonde(host, "tap", "create", name, "--user", "root", "--address", address, "--masquerade"))
    assert forwarding(host) == ["1", "0"], "only what is needed"
    done(sonde(host, "tap", "delete", order[0]))
    assert forwarding(host)[0] == "1", "the other still needs it"
    assert f"sonde_{order[1]}" in host.sh("nft list tables") and f"sonde_{order[0]}" not in host.sh("nft list tables")
    done(sonde(host, "tap", "delete", order[1]))
    assert forwarding(host)[0] == at_first


def test_masquerading_works():
    """A program on the device's other end reaches a neighbour that has no route back."""
    near = lab.Namespace.fresh()
    try:
        far = near.neighbour()
        near.join(far, ["192.0.2.1/24"], ["192.0.2.2/24"])
        done(sonde(near, "tap", "create", "tun9", "--tun", "--user", "root", "--address", "192.168.69.1/24",
                   "--masquerade"))
        script = """
import fcntl, os, select, struct
from scapy.all import ICMP, IP
fd = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'tun9', 0x1001))
os.write(fd, bytes(IP(src='192.168.69.2', dst='192.0.2.2') / ICMP(id=7, seq=9) / b'through'))
while select.select([fd], [], [], 10)[0]:
    packet = os.read(fd, 2000)
    if packet[0] >> 4 == 4 and packet[9] == 1:
        print(IP(packet).summary(), IP(packet)[ICMP].load)
        break
"""
        out = near.run("/usr/bin/python3", "-B", "-c", script).stdout
        assert "192.0.2.2 > 192.168.69.2 echo-reply" in out and "through" in out, out
    finally:
        near.close()


@pytest.mark.parametrize("words, said", [
    (("--address", "192.0.2.1/24", "--route", "9.9.9.0/24 via 8.8.8.8"), "Nexthop has invalid gateway"),
    (("--address", "192.0.2.1/24", "--address", "192.0.2.1/24"), "File exists"),
    (("--address", "192.0.2.1/24", "--mtu", "65535", "--masquerade"),
     "mtu greater than device maximum"),
], ids=["route", "address", "late"])
def test_what_fails_in_the_middle_leaves_nothing(host, words, said):
    before = state(host)
    refused(sonde(host, "tap", "create", "tap0", "--user", "root", *words), said)
    assert state(host) == before


def test_a_table_in_the_way_is_left_alone(host):
    host.sh("nft add table inet sonde_tap0")
    before = state(host)
    refused(sonde(host, *CREATE, "--masquerade"), "has a table 'inet sonde_tap0' already", "sonde tap delete tap0")
    assert state(host) == before
    done(sonde(host, "tap", "delete", "tap0"))
    assert host.sh("nft list tables") == ""


def test_a_device_that_went_otherwise_leaves_a_table_that_can_be_deleted(host):
    done(sonde(host, *CREATE, "--masquerade"))
    host.sh("ip link delete tap0")
    result = done(sonde(host, "tap", "delete", "tap0"))
    assert "was gone already" in result.err and host.sh("nft list tables") == ""


def test_forwarding_that_cannot_be_set_undoes_all(host):
    before = state(host)
    host.sh("mount --bind -o ro /proc/sys /proc/sys 2>/dev/null || { mount --bind /proc/sys /proc/sys && "
            "mount -o remount,ro,bind /proc/sys; }")
    refused(sonde(host, *CREATE, "--masquerade"), "cannot set net.ipv4.ip_forward=1", "read-only")
    host.sh("umount /proc/sys")
    assert state(host) == before


def test_what_exists_is_refused(host):
    done(sonde(host, *CREATE))
    refused(sonde(host, *CREATE), "tap0 exists already", "sonde tap delete tap0")
    refused(sonde(host, "tap", "create", "lo", "--user", "root"), "lo exists already, and is no TUN or TAP device")
    refused(sonde(host, "tap", "delete", "lo"), "lo is no TUN or TAP device")


def test_what_others_made_needs_force(host):
    host.sh("ip tuntap add mine mode tun")
    refused(sonde(host, "tap", "delete", "mine"), "mine was not made by sonde", "--force")
    assert devices(host)["mine"]["made_by_sonde"] is False and devices(host)["mine"]["user"] is None
    assert "anybody" in sonde(host, "tap", "list").out
    done(sonde(host, "tap", "delete", "mine", "--force"))
    assert devices(host) == {}


def test_what_is_in_use_needs_force(host):
    done(sonde(host, *CREATE))
    attach = ("import fcntl, struct; f = open('/dev/net/tun', 'r+b', 0); "
              "fcntl.ioctl(f, 0x400454ca, struct.pack('16sH22x', b'tap0', 0x1002)); print('on', flush=True); input()")
    user = host.start("/usr/bin/python3", "-c", attach, stdin=subprocess.PIPE)
    assert user.stdout.readline() == "on\n"
    assert devices(host)["tap0"]["in_use"]
    refused(sonde(host, "tap", "delete", "tap0"), "tap0 is in use", "--force")
    done(sonde(host, "tap", "delete", "tap0", "--force"))


def test_without_a_privilege(host):
    result = refused(sonde(host, *CREATE, wrap=UNPRIVILEGED), "CAP_NET_ADMIN")
    assert any(line.startswith("    ") for line in result.err.splitlines()), result
    # libnftables has words of its own for stderr.
    assert sonde(host, "tap", "delete", "nosuch0", wrap=UNPRIVILEGED).err.count("\n") == 1


@pytest.mark.parametrize("words, said", [
    ((), "what is to be done? create, delete or list"),
    (("creat", "x"), "unknown action 'creat'; did you mean 'create'?"),
    (("create",), "NAME is required"),
    (("create", "t"), "whose is it to be?"),
    (("create", "much-too-long-name", "--user", "root"), "too long"),
    (("create", "a/b", "--user", "root"), "cannot be the name"),
    (("create", "t", "--user", "nobody-of-that-name"), "there is no user 'nobody-of-that-name'"),
    (("create", "t", "--group", "\x1b[31m"), "there is no group '\\x1b[31m'"),
    (("create", "t", "--user", "root", "--address", "1.2.3.4/33"), "prefix length from 0 to 32"),
    (("create", "t", "--user", "root", "--address", "ff02::1/64"), "no address that an interface can have"),
    (("create", "t", "--user", "root", "--route", "10.0.0.0/8 via ::1"), "not of one family"),
    (("create", "t", "--user", "root", "--mtu", "67"), "too small"),
    (("create", "t", "--user", "root", "--masquerade"), "needs an --address"),
    (("create", "t@b", "--user", "root", "--masquerade", "--address", "1.2.3.4/24"), "nftables takes only"),
    (("delete",), "NAME is required"),
    (("list", "x"), "unexpected argument 'x'"),
], ids=lambda w: " ".join(w)[:40].encode("ascii", "replace").decode() if isinstance(w, tuple) else "")
def test_bad_input_is_one_line(host, words, said):
    result = refused(sonde(host, "tap", *words), said)
    assert len(result.err.splitlines()) == 1 and "\x1b" not in result.err, result


@pytest.mark.parametrize("words", [("tap", "--help"), ("tap", "create", "--help"), ("help", "tap")], ids=str)
def test_help(host, words):
    assert "sonde tap" in done(sonde(host, *words)).out
