//! Where a webhook may go: the public internet over TLS, and nowhere else.
//!
//! An address is vetted twice: as it is written, when the endpoint is made, and as it resolves, at
//! every attempt. The connection goes to an address that was vetted, so that a name which answers
//! differently the next moment gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hyper::Uri;

use crate::read::{Node, Read};

/// Characters of an address.
pub const URL_LENGTH_MAX: usize = 2_000;
/// Names that never leave a machine or a house.
const INNER_SUFFIXES: &[&str] = &[".localhost", ".local", ".internal", ".lan", ".home.arpa"];

/// Addresses on this machine that the operator allowed.
pub type Allowed = [SocketAddr];

/// An address, as it may be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host's name, or the address as it is written.
    pub name: String,
    /// The port.
    pub port: u16,
    /// Whether it is reached over TLS.
    pub tls: bool,
    /// What goes into the header `host`.
    pub authority: String,
    /// Path and query.
    pub path: String,
    /// Where the host is an address and not a name.
    address: Option<IpAddr>,
    /// Whether the operator allowed exactly this address on this machine.
    is_allowed: bool,
    /// Whether the operator wrote the address: it is taken as it is.
    is_operators: bool,
}

impl Target {
    /// Reads an address, with the reason where it is refused.
    ///
    /// # Errors
    /// `invalid_field`, at the address.
    pub fn read(node: Node<'_>, allowed: &Allowed) -> Read<Self> {
        const HELP: &str = "give an `https://` address with a public host name";
        let text = node.str()?;
        Self::parse(text, allowed).map_err(|detail| node.invalid(detail, HELP))
    }

    /// The address in a text.
    ///
    /// # Errors
    /// Why it is refused, in words.
    pub fn parse(text: &str, allowed: &Allowed) -> Result<Self, &'static str> {
        Self::parse_as(text, allowed, false)
    }

    /// An address that the operator wrote: it may lie in a network of their own.
    ///
    /// # Errors
    /// Why it is none, in words.
    pub fn parse_operators(text: &str) -> Result<Self, &'static str> {
        Self::parse_as(text, &[], true)
    }

    fn parse_as(text: &str, allowed: &Allowed, is_operators: bool) -> Result<Self, &'static str> {
        if text.len() > URL_LENGTH_MAX {
            return Err("the address is too long");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err("the address has characters that do not belong into one");
        }
        if text.contains('#') {
            return Err("the address has a fragment");
        }
        let uri: Uri = text.parse().map_err(|_| "this is not an address")?;
        let authority = uri.authority().ok_or("the address has no host")?;
        if authority.as_str().contains('@') {
            return Err("the address carries a user name or password");
        }
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("the address is not `https://`"),
        };
        let has_port = authority.as_str().len() > authority.host().len();
        let port = match (authority.port_u16(), has_port) {
            (Some(port), _) if port != 0 => port,
            (None, false) => {
                if tls {
                    443
                } else {
                    80
                }
            }
            _ => return Err("the port is not one"),
        };
        let name = authority.host().to_ascii_lowercase();
        let address = literal(&name)?;
        let is_allowed =
            address.is_some_and(|address| allowed.contains(&SocketAddr::new(address, port)));
        if !is_allowed && !is_operators {
            if !tls {
                return Err("the address is not `https://`");
            }
            match address {
                Some(address) => require_public(address)?,
                None => require_public_name(&name)?,
            }
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let authority = authority.as_str().to_ascii_lowercase();
        Ok(Self { name, port, tls, authority, path, address, is_allowed, is_operators })
    }

    /// The addresses to connect to, every one of them vetted; the name is resolved once.
    ///
    /// # Errors
    /// Whether the name is not known, or what it resolves to is refused.
    pub async fn resolve(&self) -> Result<Vec<SocketAddr>, Unreachable> {
        if let Some(address) = self.address {
            return Ok(vec![SocketAddr::new(address, self.port)]);
        }
        let found = tokio::net::lookup_host((self.name.as_str(), self.port)).await;
        let found: Vec<SocketAddr> = found.map_err(|_| Unreachable::Unknown)?.collect();
        if self.is_operators {
            return if found.is_empty() { Err(Unreachable::Unknown) } else { Ok(found) };
        }
        vet(&found)?;
        Ok(found)
    }

    /// Whether the operator allowed this address on this machine.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        self.is_allowed
    }
}

/// Why there is nothing to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// The name has no address.
    Unknown,
    /// It has one that is not public.
    Refused,
}

/// A name with one inner address among public ones is refused as a whole.
fn vet(found: &[SocketAddr]) -> Result<(), Unreachable> {
    if found.is_empty() {
        return Err(Unreachable::Unknown);
    }
    let all_public = found.iter().all(|address| require_public(address.ip()).is_ok());
    all_public.then_some(()).ok_or(Unreachable::Refused)
}

/// The address that is written in place of a name. Whatever begins like a number but is not four
/// decimal ones is refused: some resolvers read octal, hexadecimal and shortened forms.
fn literal(name: &str) -> Result<Option<IpAddr>, &'static str> {
    const NUMBERS: &str = "the host is a number in a form that is not four decimal ones";
    if let Some(inner) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: Ipv6Addr = inner.parse().map_err(|_| "the host is no IPv6 address")?;
        return Ok(Some(IpAddr::V6(address)));
    }
    if let Ok(address) = name.parse::<Ipv4Addr>() {
        return Ok(Some(IpAddr::V4(address)));
    }
    let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or("");
    if last.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(NUMBERS);
    }
    Ok(None)
}

fn require_public_name(name: &str) -> Result<(), &'static str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.len() <= 63 && label.bytes().all(inner)
    };
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err("the host is not a name");
    }
    if !name.contains('.') || INNER_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        return Err("the host's name is not a public one");
    }
    Ok(())
}

/// Whether an address belongs to the public internet, by the special-purpose registries of IANA.
fn require_public(address: IpAddr) -> Result<(), &'static str> {
    let public = match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    };
    public.then_some(()).ok_or("the host's address is not a public one")
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0 | 10 | 127, ..] | [224..=255, ..] => true,
        // Shared address space, where carriers translate.
        [100, second, ..] => second & 0b1100_0000 == 64,
        // Link-local, with the metadata services of clouds.
        [169, 254, ..] => true,
        [172, second, ..] => second & 0xf0 == 16,
        [192, 168, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] => true,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        _ => false,
    };
    !special
}

/// Only global unicast; what is inside of it but special, or carries an IPv4 address, is not.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        // Protocol assignments (Teredo among them), documentation, 6to4.
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [0x2002, ..] => false,
        [0x3fff, second, ..] => second >= 0x1000,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f45_only_public_addresses_pass() {
        let refused = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff:0:1::",
            "5f00::1",
        ];
        for text in refused {
            assert!(require_public(text.parse().unwrap()).is_err(), "{text}");
        }
        let public = [
            "8.8.8.8",
            "1.1.1.1",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
        ];
        for text in public {
            assert!(require_public(text.parse().unwrap()).is_ok(), "{text}");
        }
    }

    #[test]
    fn f45_a_name_with_one_inner_address_is_refused_as_a_whole() {
        let at = |text: &str| SocketAddr::new(text.parse().unwrap(), 443);
        assert_eq!(vet(&[at("8.8.8.8"), at("2606:4700::1111")]), Ok(()));
        assert_eq!(vet(&[at("8.8.8.8"), at("127.0.0.1")]), Err(Unreachable::Refused));
        assert_eq!(vet(&[]), Err(Unreachable::Unknown));
    }

    #[tokio::test]
    async fn f45_a_name_that_resolves_to_this_machine_is_refused_when_it_is_called() {
        let mut target = Target::parse("https://receiver.example/hook", &[]).unwrap();
        // As if the name had been bound anew after the endpoint was made.
        target.name = "localhost".to_owned();
        assert_eq!(target.resolve().await, Err(Unreachable::Refused));
    }

    #[test]
    fn an_address_is_read_into_its_parts() {
        let allowed = ["127.0.0.1:9000".parse().unwrap()];
        let read = |text: &str| Target::parse(text, &allowed);
        let target = read("https://Hooks.Example.com/in?a=b").unwrap();
        assert_eq!((target.name.as_str(), target.port), ("hooks.example.com", 443));
        assert_eq!((target.path.as_str(), target.tls), ("/in?a=b", true));
        assert!(!target.is_allowed());
        let local = read("http://127.0.0.1:9000").unwrap();
        assert_eq!((local.port, local.tls, local.is_allowed()), (9000, false, true));
        assert_eq!((local.path.as_str(), local.authority.as_str()), ("/", "127.0.0.1:9000"));
        for other in ["http://127.0.0.1:9001", "http://localhost:9000", "http://127.1:9000"] {
            assert!(read(other).is_err(), "{other}");
        }
    }
}
