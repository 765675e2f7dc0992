//! The score board of a run: what was sent, who has it, how long it took, and whether each copy came exactly once.
//!
//! Everything runs on one thread, so the board is plain data behind a `RefCell` and a delivery costs a few
//! instructions: find the mark in the text, count down, add to a histogram.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

use super::client::{Socket, message_frame};
use super::histogram::Histogram;
use crate::Outcome;

/// Bytes of text in every message, as in the goals.
const TEXT_LEN: usize = 120;
/// Starts a mark in a text; occurs nowhere else in a frame.
const MARK: u8 = b'~';
/// Nobody reads more than this many complaints.
const COMPLAINTS_MAX: usize = 8;

/// Tells runs apart: a server that takes a repeated `clientMessageId` for a repeat is right.
static RUNS: AtomicU32 = AtomicU32::new(0);

struct Sent {
    at: Instant,
    /// Members who do not have it yet.
    left: u32,
    acked: bool,
}

/// The counts of one run.
#[derive(Default)]
pub struct Board {
    run: u32,
    /// By sender, then by that sender's own counting.
    sent: Vec<Vec<Sent>>,
    members_per_channel: u32,
    measuring: bool,
    stopping: bool,
    /// Acknowledgements and deliveries while measuring.
    pub acked: u64,
    pub delivered: u64,
    pub ack: Histogram,
    /// Every delivery.
    pub delivery: Histogram,
    /// From the send to the last member's copy.
    pub last: Histogram,
    /// Over the whole run.
    pub acked_ever: u64,
    pub delivered_ever: u64,
    pub faults: u64,
    pub complaints: Vec<String>,
}

/// A board that sockets share.
pub type Shared = Rc<RefCell<Board>>;

/// A member of a channel, with the number of its voice if it sends.
pub struct Seat {
    pub socket: Socket,
    pub channel: String,
    pub voice: Option<usize>,
}

impl Board {
    /// A board for so many senders, each heard by so many members.
    pub fn new(senders: usize, members_per_channel: usize) -> Shared {
        Rc::new(RefCell::new(Self {
            run: RUNS.fetch_add(1, Ordering::Relaxed),
            sent: (0..senders).map(|_| Vec::with_capacity(16 * 1024)).collect(),
            members_per_channel: u32::try_from(members_per_channel).unwrap_or(u32::MAX),
            ..Self::default()
        }))
    }

    /// Forgets what was measured so far and measures from now on.
    pub fn measure(&mut self) {
        (self.acked, self.delivered) = (0, 0);
        (self.ack, self.delivery, self.last) = Default::default();
        self.measuring = true;
    }

    /// Goes on without measuring.
    pub fn pause(&mut self) {
        self.measuring = false;
    }

    fn fault(&mut self, what: String) {
        self.faults += 1;
        if self.complaints.len() < COMPLAINTS_MAX {
            self.complaints.push(what);
        }
    }

    fn deliver(&mut self, expected: &mut [u32], mark: (usize, u32)) {
        let (voice, number) = mark;
        let now = Instant::now();
        let Some(next) = expected.get_mut(voice) else {
            return self.fault(format!("a message of nobody: {mark:?}"));
        };
        let wanted = *next;
        if number < wanted {
            return self.fault(format!("twice or late: sender {voice}, message {number}, expected {wanted}"));
        }
        *next = number + 1;
        if number > wanted {
            self.fault(format!("missed: sender {voice}, message {wanted}, got {number}"));
        }
        let Some(sent) = self.sent[voice].get_mut(number as usize) else {
            return self.fault(format!("never sent: {mark:?}"));
        };
        sent.left -= 1;
        let (took, complete) = (now - sent.at, sent.left == 0);
        self.delivered_ever += 1;
        if self.measuring {
            self.delivered += 1;
            self.delivery.add(took);
            if complete {
                self.last.add(took);
            }
        }
    }

    fn acknowledge(&mut self, voice: usize, answer: &str) {
        let now = Instant::now();
        let id = self.client_message_id(voice, self.sent[voice].len().saturating_sub(1));
        if !answer.contains(&id) {
            return self.fault(format!("an acknowledgement that is not of {id}: {answer}"));
        }
        let Some(sent) = self.sent[voice].last_mut().filter(|sent| !sent.acked) else {
            return self.fault(format!("an acknowledgement too many: sender {voice}"));
        };
        sent.acked = true;
        let took = now - sent.at;
        self.acked_ever += 1;
        if self.measuring {
            self.acked += 1;
            self.ack.add(took);
        }
    }

    fn next_frame(&mut self, voice: usize, channel: &str) -> Option<Message> {
        if self.stopping {
            return None;
        }
        let number = self.sent[voice].len();
        self.sent[voice].push(Sent { at: Instant::now(), left: self.members_per_channel, acked: false });
        let text = format!("{:.<TEXT_LEN$}", format!("~{voice}.{number};"));
        Some(message_frame(channel, &text, &self.client_message_id(voice, number)))
    }

    fn client_message_id(&self, voice: usize, number: usize) -> String {
        format!("c-{}-{voice}-{number}-", self.run)
    }

    fn missing(&self) -> u64 {
        self.sent.iter().flatten().map(|sent| u64::from(sent.left) + u64::from(!sent.acked)).sum()
    }
}

/// Seats everybody; the senders start at once, each with one message on its way at a time.
pub fn seat(seats: Vec<Seat>, board: &Shared) -> Vec<JoinHandle<()>> {
    seats.into_iter().map(|seat| tokio::task::spawn_local(sit(seat, Rc::clone(board)))).collect()
}

/// Lets the senders finish, waits until every copy has arrived (at most `patience`), then checks the counts.
pub async fn finish(board: &Shared, seated: Vec<JoinHandle<()>>, patience: Duration) -> Board {
    board.borrow_mut().stopping = true;
    let asked = Instant::now();
    while board.borrow().missing() > 0 && asked.elapsed() < patience {
        sleep(Duration::from_millis(20)).await;
    }
    // A copy too many would come right after the last.
    sleep(Duration::from_millis(100)).await;
    for seat in seated {
        seat.abort();
    }
    let mut board = board.take();
    let missing = board.missing();
    if missing > 0 {
        board.fault(format!("{missing} acknowledgements or copies never came"));
    }
    if board.acked_ever * u64::from(board.members_per_channel) != board.delivered_ever {
        let (promised, copies) = (board.acked_ever, board.delivered_ever);
        board.fault(format!("{promised} acknowledged but {copies} copies delivered"));
    }
    board
}

async fn sit(mut seat: Seat, board: Shared) {
    let voices = board.borrow().sent.len();
    let end = listen_and_send(&mut seat, &board, &mut vec![0; voices]).await;
    let stopping = board.borrow().stopping;
    if let (Err(error), false) = (end, stopping) {
        board.borrow_mut().fault(format!("a socket ended: {error}"));
    }
}

async fn listen_and_send(seat: &mut Seat, board: &Shared, expected: &mut [u32]) -> Outcome<()> {
    // Where the mark was last time: it rarely moves, and then finding it is one comparison.
    let mut hint = 0;
    if let Some(voice) = seat.voice {
        let first = board.borrow_mut().next_frame(voice, &seat.channel);
        if let Some(first) = first {
            seat.socket.send(first).await?;
        }
    }
    loop {
        let text = match seat.socket.next().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(why))) => return Err(format!("closed by the server: {why:?}").into()),
            Some(Ok(_)) => continue,
            Some(Err(error)) => return Err(error.into()),
            None => return Err("no more bytes".into()),
        };
        if is(&text, "new_message") {
            match mark(text.as_bytes(), &mut hint) {
                Some(mark) => board.borrow_mut().deliver(expected, mark),
                None => board.borrow_mut().fault(format!("a message without a mark: {text}")),
            }
        } else if is(&text, "ack") {
            let Some(voice) = seat.voice else { continue };
            board.borrow_mut().acknowledge(voice, &text);
            let next = board.borrow_mut().next_frame(voice, &seat.channel);
            if let Some(next) = next {
                seat.socket.send(next).await?;
            }
        } else if is(&text, "error") {
            return Err(text.to_string().into());
        }
    }
}

/// The type is the first member in practice; a server that orders otherwise is still read rightly.
fn is(text: &str, kind: &str) -> bool {
    text.strip_prefix("{\"type\":\"").map_or_else(
        || text.contains(&format!("\"type\":\"{kind}\"")),
        |rest| rest.strip_prefix(kind).is_some_and(|rest| rest.starts_with('"')),
    )
}

/// Reads `~voice.number;`.
fn mark(frame: &[u8], hint: &mut usize) -> Option<(usize, u32)> {
    if frame.get(*hint) != Some(&MARK) {
        *hint = frame.iter().position(|&byte| byte == MARK)?;
    }
    let mut parts = [0_usize; 2];
    let mut part = 0;
    for &byte in &frame[*hint + 1..] {
        match byte {
            b'0'..=b'9' => parts[part] = parts[part] * 10 + usize::from(byte - b'0'),
            b'.' => part = 1,
            _ => break,
        }
    }
    Some((parts[0], u32::try_from(parts[1]).ok()?))
}
