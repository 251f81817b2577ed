"""A path of real routers: host -- r1 -- ... -- r7 -- target, each a network namespace of its own, IPv4 and IPv6."""

import lab


class ChainLab:
    """`path[version]` is the truth: who answers at each hop, the target last."""

    def __init__(self, hops=8, datagrams=True):
        self.host = lab.Namespace.fresh(datagrams)
        nodes = [self.host] + [self.host.neighbour() for _ in range(hops)]
        self.routers, self.target = nodes[1:-1], nodes[-1]
        self.path = {4: [], 6: []}
        for number, (near, far) in enumerate(zip(nodes, nodes[1:]), 1):
            near.join(far, [f"10.0.{number}.1/24", f"2001:db8:{number}::1/64"],
                      [f"10.0.{number}.2/24", f"2001:db8:{number}::2/64"], (f"to{number}", f"from{number}"))
            self.path[4].append(f"10.0.{number}.2")
            self.path[6].append(f"2001:db8:{number}::2")
        for number, node in enumerate(nodes):
            script = []
            if 0 < number < hops:
                script += ["echo 1 >/proc/sys/net/ipv4/ip_forward", "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding"]
            if number < hops:
                script += [f"ip route add default via 10.0.{number + 1}.2",
                           f"ip -6 route add default via 2001:db8:{number + 1}::2"]
            if number > 0:
                for back in range(1, number):
                    script += [f"ip route add 10.0.{back}.0/24 via 10.0.{number}.1",
                               f"ip -6 route add 2001:db8:{back}::/64 via 2001:db8:{number}::1"]
            node.sh("\n".join(script))

    def close(self):
        self.host.close()
