//! Opens what the older server sealed: AES-256-GCM by Node's `crypto`, in whichever way it put the parts together.
//!
//! Nobody wrote down how: the initialization vector, the tag and the ciphertext stand in some order, as bytes, hex or
//! base64, in one piece or with separators, and the vector has 12 or 16 bytes. What was not said is tried. That is
//! safe, because only the right key in the right order satisfies the tag (one chance in 2^128 for anything else), and
//! cheap, because what fitted last is tried first.

use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{AeadInOut, KeyInit, inout::InOutBuf};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce, Tag};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::text;
use crate::error::{Error, Result};

const TAG_BYTES: usize = 16;
/// What stands between parts that were spelled one by one.
const SEPARATORS: [char; 5] = [':', '.', '|', ',', ';'];

/// One of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Iv,
    Tag,
    Text,
}

/// In which order the parts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order([Part; 3]);

impl Order {
    const ALL: [Self; 6] = {
        use Part::{Iv, Tag, Text};
        [
            Self([Iv, Tag, Text]),
            Self([Iv, Text, Tag]),
            Self([Tag, Iv, Text]),
            Self([Text, Iv, Tag]),
            Self([Tag, Text, Iv]),
            Self([Text, Tag, Iv]),
        ]
    };

    /// Reads `iv-tag-ciphertext` and the like.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(['-', ',', '|', ':']).map(|word| match word.trim() {
            "iv" | "nonce" => Some(Part::Iv),
            "tag" => Some(Part::Tag),
            "ciphertext" | "text" | "data" => Some(Part::Text),
            _ => None,
        });
        let order = Self([parts.next()??, parts.next()??, parts.next()??]);
        (parts.next().is_none() && Self::ALL.contains(&order)).then_some(order)
    }
}

/// How the bytes are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// As they are.
    Raw,
    /// Hex digits.
    Hex,
    /// Base64.
    Base64,
}

impl Spelling {
    const ALL: [Self; 3] = [Self::Raw, Self::Hex, Self::Base64];

    /// Reads its name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "raw" => Some(Self::Raw),
            "hex" => Some(Self::Hex),
            "base64" => Some(Self::Base64),
            _ => None,
        }
    }

    fn bytes(self, spelled: &str) -> Option<Vec<u8>> {
        match self {
            Self::Raw => None,
            Self::Hex => text::hex(spelled),
            Self::Base64 => text::base64(spelled),
        }
    }
}

/// What is known of how the older server put its parts together; what is not is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// The order.
    pub order: Option<Order>,
    /// The spelling.
    pub spelling: Option<Spelling>,
    /// Bytes of the initialization vector, 12 or 16.
    pub iv_bytes: Option<usize>,
}

#[derive(Clone, Copy)]
struct Layout {
    order: Order,
    spelling: Spelling,
    iv_bytes: usize,
}

/// The three parts of a sealed text.
struct Parts {
    iv: Vec<u8>,
    tag: Vec<u8>,
    text: Vec<u8>,
}

impl Layout {
    fn split(self, sealed: &[u8]) -> Option<Parts> {
        let pieces = match self.spelling {
            Spelling::Raw => self.cut(sealed)?,
            spelling => {
                let spelled = std::str::from_utf8(sealed).ok()?.trim();
                if spelled.contains(SEPARATORS) {
                    let mut pieces = spelled.split(SEPARATORS).map(|piece| spelling.bytes(piece));
                    let three = [pieces.next()??, pieces.next()??, pieces.next()??];
                    if pieces.next().is_some() {
                        return None;
                    }
                    three
                } else {
                    self.cut(&spelling.bytes(spelled)?)?
                }
            }
        };
        let mut parts = Parts { iv: Vec::new(), tag: Vec::new(), text: Vec::new() };
        for (part, bytes) in self.order.0.into_iter().zip(pieces) {
            match part {
                Part::Iv => parts.iv = bytes,
                Part::Tag => parts.tag = bytes,
                Part::Text => parts.text = bytes,
            }
        }
        (parts.iv.len() == self.iv_bytes && parts.tag.len() == TAG_BYTES).then_some(parts)
    }

    fn cut(self, bytes: &[u8]) -> Option<[Vec<u8>; 3]> {
        let text_bytes = bytes.len().checked_sub(self.iv_bytes + TAG_BYTES)?;
        let length = |part| match part {
            Part::Iv => self.iv_bytes,
            Part::Tag => TAG_BYTES,
            Part::Text => text_bytes,
        };
        let (first, rest) = bytes.split_at(length(self.order.0[0]));
        let (second, third) = rest.split_at(length(self.order.0[1]));
        Some([first.to_vec(), second.to_vec(), third.to_vec()])
    }
}

type Key = Zeroizing<[u8; 32]>;

/// Opens one text after the other, and remembers what fitted.
pub struct Opener {
    keys: Vec<Key>,
    layouts: Vec<Layout>,
    fitted: Option<(usize, usize)>,
}

impl Opener {
    /// `key` is the older server's `ENCRYPTION_KEY` as its configuration spelled it: 64 hex digits, base64, 32
    /// characters, or a passphrase that it hashed with SHA-256.
    ///
    /// # Errors
    /// Invalid `bad_older_key` for an empty key, `bad_older_layout` for a vector of another length.
    pub fn new(key: &str, known: Known) -> Result<Self> {
        let key = key.trim();
        if key.is_empty() {
            return Err(Error::invalid("bad_older_key", "The older server's encryption key is empty."));
        }
        let lengths: &[usize] = match known.iv_bytes {
            None => &[12, 16],
            Some(12) => &[12],
            Some(16) => &[16],
            Some(_) => {
                return Err(Error::invalid("bad_older_layout", "An initialization vector has 12 or 16 bytes."));
            }
        };
        let spelled: [Option<Vec<u8>>; 3] = [text::hex(key), text::base64(key), Some(key.as_bytes().to_vec())];
        let mut keys: Vec<Key> =
            spelled.into_iter().flatten().map(Zeroizing::<Vec<u8>>::new).filter_map(|bytes| exactly(&bytes)).collect();
        keys.push(Zeroizing::new(Sha256::digest(key.as_bytes()).into()));
        let mut layouts = Vec::new();
        for order in Order::ALL.into_iter().filter(|order| known.order.is_none_or(|one| one == *order)) {
            for spelling in Spelling::ALL.into_iter().filter(|spelling| known.spelling.is_none_or(|o| o == *spelling)) {
                layouts.extend(lengths.iter().map(|&iv_bytes| Layout { order, spelling, iv_bytes }));
            }
        }
        Ok(Self { keys, layouts, fitted: None })
    }

    /// What was sealed; `None` when neither key nor layout fits.
    pub fn open(&mut self, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if let Some((key, layout)) = self.fitted
            && let Some(opened) = open(&self.keys[key], self.layouts[layout], sealed)
        {
            return Some(opened);
        }
        for (n, key) in self.keys.iter().enumerate() {
            for (m, layout) in self.layouts.iter().enumerate() {
                if let Some(opened) = open(key, *layout, sealed) {
                    self.fitted = Some((n, m));
                    return Some(opened);
                }
            }
        }
        None
    }
}

/// The bytes of a text in hex or base64.
pub fn spelled(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    text::hex(text).or_else(|| text::base64(text)).filter(|bytes| !bytes.is_empty()).map(Zeroizing::new)
}

fn exactly(bytes: &[u8]) -> Option<Key> {
    let mut key = Zeroizing::new([0; 32]);
    (bytes.len() == key.len()).then(|| {
        key.copy_from_slice(bytes);
        key
    })
}

fn open(key: &Key, layout: Layout, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let parts = layout.split(sealed)?;
    let mut text = Zeroizing::new(parts.text);
    let tag: [u8; TAG_BYTES] = parts.tag.try_into().ok()?;
    let tag = Tag::from(tag);
    let sealed = InOutBuf::from(text.as_mut_slice());
    let opened = if layout.iv_bytes == 12 {
        let iv: [u8; 12] = parts.iv.try_into().ok()?;
        AesGcm::<Aes256, U12>::new((&**key).into()).decrypt_inout_detached(&Nonce::from(iv), b"", sealed, &tag)
    } else {
        let iv: [u8; 16] = parts.iv.try_into().ok()?;
        AesGcm::<Aes256, U16>::new((&**key).into()).decrypt_inout_detached(&Nonce::from(iv), b"", sealed, &tag)
    };
    opened.is_ok().then_some(text)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    const KEY: &str = "8207e3662bdff1cac14b6483f2a5c523c4af71d1fda58303683598d688b91bc2";
    /// Made by Node 20 with `createCipheriv('aes-256-gcm', Buffer.from(KEY, 'hex'), iv)`, as hex of what was stored.
    const SEALED: [(&str, &str, &str, usize); 7] = [
        (
            "5a89a9cf39d84d1e07ac299330d27d08836385158fc425d11b27d0a5082920a76c54d3e78e9676dce771984e607e911997ca4bb19d1e5e9c459882",
            "iv-tag-ciphertext",
            "raw",
            12,
        ),
        (
            "3fd092948e49be59dacdf6ab021c93c40f7e8cad817daa832ee8fba0a90091f39154e50aa02c47d219f2a30c05d823f29de61304a77356b328adb0f39f94c8",
            "iv-tag-ciphertext",
            "raw",
            16,
        ),
        (
            "46fac952afb00a6016b1c8c8e20383bba544455dd2afd1bfc8844d75259c3609bcf8505c110729c7e92aec8e6f7659da19db5aa1ae93dd0a0ced88",
            "iv-ciphertext-tag",
            "raw",
            12,
        ),
        (
            "31343132343237333665353230623633636363616630363133616636316566333a30663436613438386534633663393131316464306137643739306361333663383a3564306630613134636431623461303861383631376535376664666136363064376435643864323834336263316265313264646238306430343534653236",
            "iv-tag-ciphertext",
            "hex",
            16,
        ),
        (
            "55794b644b7458746b62316967467a762e3357465538427564656836526258382b65345a374e6170392b7a305156694f73466d4b3955684c5545413d3d2e4a6a4472567a75444e4e46324a4f444a6969686c36413d3d",
            "iv-ciphertext-tag",
            "base64",
            12,
        ),
        (
            "64346161323533656464393133373234363039666563326165613062333830636430623263636236376130623830393964623839376564326663386530313438633337373962633732316131396639373866666430636537396564363065333235626463373038313366323239316563646439643966",
            "tag-iv-ciphertext",
            "hex",
            12,
        ),
        (
            "702f3073795743586c44793167736936707a5079556946374f776b3864676143317356337a6e4e746177754b47754457747842452b3578764d566238796a354d33425a486c4f2b385a686c70486a377574687173",
            "ciphertext-tag-iv",
            "base64",
            16,
        ),
    ];

    fn opener(known: Known) -> Opener {
        Opener::new(KEY, known).unwrap()
    }

    #[test]
    fn every_way_in_which_node_put_it_together_opens() {
        let mut unknowing = opener(Known::default());
        for (sealed, order, spelling, iv_bytes) in SEALED {
            let sealed = text::hex(sealed).unwrap();
            let known =
                Known { order: Order::parse(order), spelling: Spelling::parse(spelling), iv_bytes: Some(iv_bytes) };
            assert!(known.order.is_some() && known.spelling.is_some());
            assert_eq!(opener(known).open(&sealed).unwrap().as_slice(), "Bed 4: kalium 6,1 – ärztlich".as_bytes());
            assert_eq!(unknowing.open(&sealed).unwrap().as_slice(), "Bed 4: kalium 6,1 – ärztlich".as_bytes());
            let other = Known { iv_bytes: Some(28 - iv_bytes), ..known };
            assert!(opener(other).open(&sealed).is_none(), "{order} {spelling} with another vector");
        }
    }

    #[test]
    fn nothing_else_opens() {
        let (sealed, ..) = SEALED[0];
        let sealed = text::hex(sealed).unwrap();
        assert!(Opener::new("another key", Known::default()).unwrap().open(&sealed).is_none());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(opener(Known::default()).open(&altered).is_none(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(opener(Known::default()).open(&sealed[..length]).is_none(), "{length} bytes");
        }
        assert!(Opener::new(" \n", Known::default()).is_err());
        assert!(Opener::new(KEY, Known { iv_bytes: Some(13), ..Known::default() }).is_err());
        for order in ["", "iv-tag", "iv-tag-tag", "iv-tag-ciphertext-iv", "tag-iv-cipher"] {
            assert!(Order::parse(order).is_none(), "{order}");
        }
    }

    #[test]
    fn the_key_may_be_spelled_in_the_ways_of_the_older_configuration() {
        // SHA-256 of the passphrase, sealed by Node like the others.
        let sealed = text::hex("53ce32b6a808dbf775889477df0ab7aea1f3c84d843cddf25544e55cb6d424fd8d4575888ab08b2b27cde2d9f27e8a1b97eaf724965bf8647ccfbf").unwrap();
        assert!(Opener::new("a passphrase of the clinic", Known::default()).unwrap().open(&sealed).is_some());
        let key = base64::engine::general_purpose::STANDARD.encode(text::hex(KEY).unwrap());
        let (sealed, ..) = SEALED[1];
        assert!(Opener::new(&key, Known::default()).unwrap().open(&text::hex(sealed).unwrap()).is_some());
    }
}
