// The registries' numbers and names, shared by `protocol` and the layout tables of this room.
#pragma once

#include <array>

#include <sonde/wire/header_layout.hpp>

namespace sonde::wire {

// IANA's Protocol Numbers, by number; the first name of a number is the one that is shown, the others are read too.
inline constexpr auto ip_protocol_names = std::to_array<value_name>({
    {0, "HOPOPT"},     {1, "ICMP"},     {2, "IGMP"},        {3, "GGP"},         {4, "IPv4"},         {4, "IPIP"},
    {5, "ST"},         {6, "TCP"},      {7, "CBT"},         {8, "EGP"},         {9, "IGP"},          {12, "PUP"},
    {17, "UDP"},       {22, "XNS-IDP"}, {27, "RDP"},        {29, "ISO-TP4"},    {33, "DCCP"},        {36, "XTP"},
    {37, "DDP"},       {41, "IPv6"},    {43, "IPv6-Route"}, {44, "IPv6-Frag"},  {45, "IDRP"},        {46, "RSVP"},
    {47, "GRE"},       {50, "ESP"},     {51, "AH"},         {54, "NARP"},       {55, "Min-IPv4"},    {57, "SKIP"},
    {58, "IPv6-ICMP"}, {58, "ICMPv6"},  {58, "ICMP6"},      {59, "IPv6-NoNxt"}, {60, "IPv6-Opts"},   {81, "VMTP"},
    {88, "EIGRP"},     {89, "OSPF"},    {89, "OSPFIGP"},    {94, "IPIP-NOS"},   {97, "ETHERIP"},     {98, "ENCAP"},
    {103, "PIM"},      {108, "IPComp"}, {112, "VRRP"},      {112, "CARP"},      {115, "L2TP"},       {124, "ISIS"},
    {132, "SCTP"},     {133, "FC"},     {135, "Mobility"},  {136, "UDPLite"},   {137, "MPLS-in-IP"}, {138, "MANET"},
    {139, "HIP"},      {140, "Shim6"},  {141, "WESP"},      {142, "ROHC"},      {143, "Ethernet"},   {255, "RAW"},
});

// IANA's IEEE 802 Numbers, in the words people use.
inline constexpr auto ethertype_names = std::to_array<value_name>({
    {0x0800, "IPv4"},       {0x0806, "ARP"},    {0x0842, "Wake-on-LAN"},    {0x22f3, "TRILL"},
    {0x6558, "TEB"},        {0x8035, "RARP"},   {0x809b, "AppleTalk"},      {0x80f3, "AARP"},
    {0x8100, "802.1Q"},     {0x8137, "IPX"},    {0x86dd, "IPv6"},           {0x8808, "802.3 flow control"},
    {0x8809, "802.3 slow"}, {0x8847, "MPLS"},   {0x8848, "MPLS multicast"}, {0x8863, "PPPoE discovery"},
    {0x8864, "PPPoE"},      {0x888e, "802.1X"}, {0x88a8, "802.1ad"},        {0x88cc, "LLDP"},
    {0x88e5, "802.1AE"},    {0x88f7, "PTP"},    {0x9000, "loopback test"},  {0x9100, "802.1Q double"},
});

}  // namespace sonde::wire
