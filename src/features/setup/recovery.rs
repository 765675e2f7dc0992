//! The recovery key: made once, shown once, and proved to be in somebody's hands by its last letters.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::deeds::SetupDeed;
use super::rows;
use crate::clock::Timestamp;
use crate::crypto::{RecoveryKey, Unlock, sha256_hex};
use crate::error::{Context, Error, Result};
use crate::features::{Means, auth};
use crate::gate::Cx;
use crate::wire::second_factor::Enrol;
use crate::wire::setup::{RecoveryKeyMade, RecoveryKeyState, RecoveryLetters};

const NOTE: &str = "site.recovery_key";
/// Letters that are typed again.
const LETTERS: usize = 6;

/// What is noted of it: nothing that opens anything. Six letters are 30 bits of the key's hundreds.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Note {
    made_micros: i64,
    confirmed_micros: Option<i64>,
    /// SHA-256 of the last letters, until they were typed.
    letters: Option<String>,
}

/// Whether there is one.
pub async fn show(cx: &Cx) -> Result<RecoveryKeyState> {
    let (note, made) =
        cx.view(SetupDeed::SeeRecoveryKey, |look| Ok((rows::read(look, NOTE)?, look.has_recovery_slot()?))).await?;
    let note: Option<Note> = note.as_deref().map(serde_json::from_str).transpose().context("reading a note")?;
    Ok(RecoveryKeyState {
        made,
        made_at: note.as_ref().map(|note| Timestamp::from_micros(note.made_micros)),
        confirmed_at: note.and_then(|note| note.confirmed_micros).map(Timestamp::from_micros),
    })
}

/// Makes one; an earlier one opens nothing any more.
pub async fn make(cx: &Cx, means: &Means, body: Enrol) -> Result<RecoveryKeyMade> {
    cx.view(SetupDeed::SeeRecoveryKey, |_| Ok(())).await?;
    auth::second_factor::prove_password(cx, means, body.password).await?;
    let key = RecoveryKey::generate(cx.entropy());
    let shown = key.reveal();
    let wrapped = cx.keys().wrapped_for(&Unlock::Recovery(key))?;
    let note = Note { made_micros: cx.now().micros(), confirmed_micros: None, letters: Some(hash(&shown)) };
    let note = serde_json::to_string(&note).context("writing a note")?;
    cx.act(SetupDeed::MakeRecoveryKey, move |act| {
        act.keep_slots(&wrapped)?;
        rows::keep(act, NOTE, &note)
    })
    .await?;
    Ok(RecoveryKeyMade { recovery_key: shown.to_string() })
}

/// Somebody has it: they typed its last letters.
pub async fn confirm(cx: &Cx, means: &Means, body: RecoveryLetters) -> Result<RecoveryKeyState> {
    let note = cx.view(SetupDeed::SeeRecoveryKey, |look| rows::read(look, NOTE)).await?;
    let note = note.ok_or_else(|| Error::missing("recovery key that was made here"))?;
    let mut note: Note = serde_json::from_str(&note).context("reading a note")?;
    let address = cx.peer().ip.unwrap_or(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
    means.secrets.check("", address, cx.monotonic())?;
    if note.letters.as_deref().is_some_and(|expected| expected != hash(&body.letters)) {
        means.secrets.failed("", address, cx.monotonic());
        return Err(Error::field("letters", "are not the last six letters of the recovery key"));
    }
    (note.letters, note.confirmed_micros) = (None, note.confirmed_micros.or(Some(cx.now().micros())));
    let note = serde_json::to_string(&note).context("writing a note")?;
    cx.act(SetupDeed::ConfirmRecoveryKey, move |act| rows::keep(act, NOTE, &note)).await?;
    show(cx).await
}

/// Of the last letters, read as kindly as the key itself.
fn hash(text: &str) -> String {
    let letters: Zeroizing<Vec<char>> = Zeroizing::new(
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect(),
    );
    let last: Zeroizing<String> = Zeroizing::new(letters[letters.len().saturating_sub(LETTERS)..].iter().collect());
    sha256_hex(last.as_bytes())
}
