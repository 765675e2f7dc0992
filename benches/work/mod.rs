//! What is measured, one file for each row of the goals.

pub mod fanout;
pub mod history;
pub mod idle;
pub mod search;
pub mod sends;
pub mod start;
pub mod storm;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::Outcome;
use crate::driver::board::Seat;
use crate::driver::client::{Address, join};
use crate::driver::people::Clinic;

/// Handshakes under way while people take their seats; their time is not measured.
const ENTERING_AT_ONCE: usize = 32;

/// Who sits where.
#[derive(Clone, Copy)]
pub struct Shape {
    pub channels: usize,
    pub members_per_channel: usize,
    /// Spread evenly over the channels.
    pub senders: usize,
}

/// Makes the channels and signs every member in, one socket each; nobody is in two channels.
pub async fn take_seats(clinic: &mut Clinic, address: &Address, shape: Shape) -> Outcome<Vec<Seat>> {
    let people = shape.channels * shape.members_per_channel;
    clinic.hire(address, people).await?;
    let mut places = Vec::with_capacity(people);
    let speaking = shape.senders.div_ceil(shape.channels);
    let mut voices = 0..shape.senders;
    for number in 0..shape.channels {
        let first = number * shape.members_per_channel;
        let members = clinic.people[first..first + shape.members_per_channel].to_vec();
        let channel = clinic.channel(address, &format!("ward {number}"), &members).await?;
        for (seat, person) in members.into_iter().enumerate() {
            let voice = if seat < speaking { voices.next() } else { None };
            places.push((channel.clone(), person.token, voice));
        }
    }
    stream::iter(places)
        .map(async |(channel, token, voice)| {
            let mut socket = address.enter(&token, 16 * 1024).await?;
            join(&mut socket, &channel).await?;
            Ok(Seat { socket, channel, voice })
        })
        .buffered(ENTERING_AT_ONCE)
        .try_collect()
        .await
}
