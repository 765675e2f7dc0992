//! The PROXY protocol, version 2 (`proxy-protocol.txt` of the `HAProxy` project, §2.2): a trusted reverse proxy says in front
//! of everything else on whose behalf it connects.
//!
//! Only the binary version is taken, and exactly one of its shapes per command, because whatever is accepted here
//! decides which address the audit trail and the allow-list see. Exactly the header's bytes are read, so
//! nothing has to be given back to the stream.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Longest header taken, in bytes: the specification has senders stay within 536, one minimal TCP segment.
const HEADER_BYTES_MAX: usize = 536;

/// What the header announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    /// The proxy speaks for itself, as in a health check.
    Local,
    /// The proxy speaks for this client.
    Client(SocketAddr),
}

/// Why a header is not taken; the connection is closed without an answer, as the specification demands.
#[derive(Debug)]
pub(super) enum Fault {
    /// It ended or broke in the middle.
    Io(std::io::Error),
    /// It does not start with the signature of version 2.
    Signature,
    /// A version or command that does not exist.
    Command(u8),
    /// Not TCP over IPv4 or IPv6: there is no client address to judge.
    Family(u8),
    /// Longer than 536 bytes, or too short for the addresses.
    Length(usize),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the header ended early: {error}"),
            Self::Signature => f.write_str("there is no PROXY v2 signature"),
            Self::Command(byte) => write!(f, "unknown version or command 0x{byte:02x}"),
            Self::Family(byte) => write!(f, "address family 0x{byte:02x} is not TCP over IPv4 or IPv6"),
            Self::Length(length) => write!(f, "an address block of {length} bytes"),
        }
    }
}

/// Reads one header. The caller sets the deadline.
pub(super) async fn read_header<R: AsyncRead + Unpin>(stream: &mut R) -> Result<Announced, Fault> {
    let mut fixed = [0_u8; 16];
    // In two steps: a peer that speaks something shorter than a header is told apart at once, not at the deadline.
    stream.read_exact(&mut fixed[..1]).await.map_err(Fault::Io)?;
    if fixed[0] != SIGNATURE[0] {
        return Err(Fault::Signature);
    }
    stream.read_exact(&mut fixed[1..]).await.map_err(Fault::Io)?;
    if fixed[..12] != SIGNATURE {
        return Err(Fault::Signature);
    }
    let length = usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if fixed.len() + length > HEADER_BYTES_MAX {
        return Err(Fault::Length(length));
    }
    let mut block = [0_u8; HEADER_BYTES_MAX];
    let block = &mut block[..length];
    stream.read_exact(block).await.map_err(Fault::Io)?;
    announced(fixed[12], fixed[13], block)
}

/// What follows the addresses in `block` are TLVs, which tell us nothing that we would believe.
fn announced(command: u8, family: u8, block: &[u8]) -> Result<Announced, Fault> {
    match command {
        0x20 => return Ok(Announced::Local),
        0x21 => {}
        other => return Err(Fault::Command(other)),
    }
    let short = || Fault::Length(block.len());
    let client = match family {
        0x11 => {
            let b: &[u8; 12] = block.first_chunk().ok_or_else(short)?;
            SocketAddr::new(IpAddr::V4(Ipv4Addr::new(b[0], b[1], b[2], b[3])), u16::from_be_bytes([b[8], b[9]]))
        }
        0x21 => {
            let b: &[u8; 36] = block.first_chunk().ok_or_else(short)?;
            let address: &[u8; 16] = b.first_chunk().ok_or_else(short)?;
            let address = IpAddr::V6(Ipv6Addr::from(*address)).to_canonical();
            SocketAddr::new(address, u16::from_be_bytes([b[32], b[33]]))
        }
        other => return Err(Fault::Family(other)),
    };
    Ok(Announced::Client(client))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A well-formed header for `client`, with a TLV behind the addresses.
    pub fn header_for(client: SocketAddr) -> Vec<u8> {
        let mut block = Vec::new();
        let family = match client.ip() {
            IpAddr::V4(ip) => {
                block.extend(ip.octets());
                block.extend([192, 0, 2, 1]);
                0x11
            }
            IpAddr::V6(ip) => {
                block.extend(ip.octets());
                block.extend([0; 16]);
                0x21
            }
        };
        block.extend(client.port().to_be_bytes());
        block.extend(443_u16.to_be_bytes());
        block.extend([0x04, 0, 2, 0, 0]); // PP2_TYPE_NOOP
        header(0x21, family, &block)
    }

    /// A header of any shape.
    pub fn header(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend(u16::try_from(block.len()).unwrap().to_be_bytes());
        bytes.extend(block);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<(Announced, usize), Fault> {
        let mut rest = bytes;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let announced = runtime.block_on(read_header(&mut rest))?;
        Ok((announced, rest.len()))
    }

    #[test]
    fn a_client_is_announced_and_what_follows_is_left_alone() {
        for client in ["10.1.2.3:4567", "[fd00::9]:65535"] {
            let client: SocketAddr = client.parse().unwrap();
            let mut bytes = header_for(client);
            bytes.extend(b"\x16\x03rest");
            let (announced, left) = read(&bytes).unwrap();
            assert_eq!((announced, left), (Announced::Client(client), 6));
        }
        let mapped = header_for("[::ffff:10.1.2.3]:5".parse().unwrap());
        assert_eq!(read(&mapped).unwrap().0, Announced::Client("10.1.2.3:5".parse().unwrap()));
    }

    #[test]
    fn a_health_check_speaks_for_the_proxy_itself() {
        assert_eq!(read(&header(0x20, 0x00, &[])).unwrap(), (Announced::Local, 0));
        assert_eq!(read(&header(0x20, 0x11, &[1; 12])).unwrap(), (Announced::Local, 0));
    }

    #[test]
    fn everything_else_is_refused() {
        assert!(matches!(read(&header(0x11, 0x11, &[1; 12])), Err(Fault::Command(0x11))));
        assert!(matches!(read(&header(0x22, 0x11, &[1; 12])), Err(Fault::Command(0x22))));
        for family in [0x00, 0x12, 0x22, 0x31, 0xff] {
            assert!(matches!(read(&header(0x21, family, &[1; 216])), Err(Fault::Family(f)) if f == family));
        }
        assert!(matches!(read(&header(0x21, 0x11, &[1; 11])), Err(Fault::Length(11))));
        assert!(matches!(read(&header(0x21, 0x21, &[1; 35])), Err(Fault::Length(35))));
        assert!(matches!(read(&header(0x21, 0x11, &[1; 520])), Ok((Announced::Client(_), 0))));
        assert!(matches!(read(&header(0x21, 0x11, &[1; 521])), Err(Fault::Length(521))));
        assert!(matches!(read(b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n"), Err(Fault::Signature)));
        assert!(matches!(read(b"\r\n\r\n\0\r\nQUIT\r!\x11\0\x0c123456789012"), Err(Fault::Signature)));
        let whole = header_for("10.1.2.3:4".parse().unwrap());
        for cut in 0..whole.len() {
            assert!(matches!(read(&whole[..cut]), Err(Fault::Io(_))), "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(tail in prop::collection::vec(any::<u8>(), 0..64), signed: bool) {
            let mut bytes = if signed { SIGNATURE.to_vec() } else { Vec::new() };
            bytes.extend(tail);
            let _ = read(&bytes);
        }
    }
}
