//! What clients ask over a WebSocket: the list of messages, and reading them.

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::id::{ChannelId, MessageId, UserId};
use crate::wire::fields::{Asked, Body, Fields, json_object};
use crate::wire::messages::{MessageEdit, NewMessage};
use crate::wire::presence::PresenceChange;

/// Characters that a `requestId` or `clientMessageId` may have.
pub const CLIENT_ID_CHARS_MAX: usize = 100;

/// A message from a client, with the id under which it wants to hear the outcome.
pub struct Incoming {
    /// Echoed in the `ack` or `error`.
    pub request_id: Option<String>,
    /// What is asked.
    pub order: Order,
    /// Who the client says is asking, and in which field. It is never believed: what is not oneself is refused.
    pub claims: Vec<(&'static str, UserId)>,
}

/// What a client can ask over a socket.
pub enum Order {
    /// `authenticate`.
    Authenticate {
        /// The bearer token; none where the handshake brought the cookie.
        token: Option<String>,
    },
    /// `join_channel`.
    Join {
        /// Which channel.
        channel: ChannelId,
        /// Replay what changed after this `rev`.
        since: Option<i64>,
        /// Where the channel asks for one.
        password: Option<Zeroizing<String>>,
    },
    /// `leave_channel`.
    Leave {
        /// Which channel.
        channel: ChannelId,
    },
    /// `send_message`.
    Send(NewMessage),
    /// `typing_indicator`.
    Typing {
        /// Where.
        channel: ChannelId,
        /// False when it has stopped.
        typing: bool,
    },
    /// `watch_presence`.
    WatchPresence {
        /// Whose members.
        channel: ChannelId,
    },
    /// `watch_metrics`.
    WatchMetrics {
        /// False to hear no more.
        watching: bool,
    },
    /// `watch_log`.
    WatchLog {
        /// Which: `system`, `admin` or `access`.
        log: String,
        /// False to hear no more.
        watching: bool,
    },
    /// `set_presence`.
    SetPresence(PresenceChange),
    /// What is asked of one message.
    OnMessage(OnMessage),
    /// What was received or read.
    Receipt(ReceiptOrder),
    /// `ping` or `heartbeat`.
    Ping,
}

/// What a client can ask of a message that is there.
pub enum OnMessage {
    /// `edit_message`.
    Edit {
        /// Which message.
        message: MessageId,
        /// What is to be changed.
        edit: MessageEdit,
    },
    /// `delete_message`.
    Delete {
        /// Which message.
        message: MessageId,
    },
    /// `add_reaction`.
    React {
        /// To which message.
        message: MessageId,
        /// How.
        reaction: String,
    },
    /// `remove_reaction`.
    Unreact {
        /// From which message.
        message: MessageId,
        /// Which.
        reaction: String,
    },
    /// `pin_message`.
    Pin {
        /// Which message.
        message: MessageId,
    },
    /// `unpin_message`.
    Unpin {
        /// Which message.
        message: MessageId,
    },
}

/// A receipt that a client sends: up to which message of a channel.
pub enum ReceiptOrder {
    /// `read_receipt`: a person has read.
    Read {
        /// In which channel.
        channel: ChannelId,
        /// Up to which message.
        message: MessageId,
    },
    /// `delivery_receipt`: a device has received.
    Delivered {
        /// In which channel.
        channel: ChannelId,
        /// Up to which message.
        message: MessageId,
    },
}

/// A frame that could not be read, with the `requestId` if that much was readable.
#[derive(Debug)]
pub struct Unreadable {
    /// Echoed in the `error`.
    pub request_id: Option<String>,
    /// What is wrong.
    pub error: Box<Error>,
}

/// Fields by which a client may say who it is; older ones send them along.
const CLAIMS: [&str; 3] = ["userId", "senderId", "createdBy"];
/// Fields that would matter and are the server's alone. Others that are unknown are ignored, as they always were.
const REFUSED: [&str; 7] = ["id", "seq", "rev", "deleted", "deletedBy", "editedAt", "role"];

/// Reads one text frame.
pub fn parse(text: &str, depth_max: usize) -> std::result::Result<Incoming, Unreadable> {
    let without_id = |error| Unreadable { request_id: None, error: Box::new(error) };
    let values = json_object(text.as_bytes(), depth_max).map_err(without_id)?;
    let mut fields = Fields::of(values);
    let request_id = fields.optional_text("requestId");
    if request_id.as_ref().is_some_and(|id| id.chars().count() > CLIENT_ID_CHARS_MAX) {
        return Err(without_id(Error::field("requestId", format!("has more than {CLIENT_ID_CHARS_MAX} characters"))));
    }
    let kind = fields.text("type");
    for name in REFUSED {
        fields.refuse(name);
    }
    let claims = CLAIMS.iter().filter_map(|name| Some((*name, fields.optional_id(name)?))).collect();
    match order(&kind, fields) {
        Ok(order) => Ok(Incoming { request_id, order, claims }),
        Err(error) => Err(Unreadable { request_id, error: Box::new(error) }),
    }
}

/// Makes of the list of messages both the reader and the list of their names, from which the schemas are made.
macro_rules! orders {
    (fn order($fields:ident) { $($($kind:literal)|+ => $order:expr,)* }) => {
        /// Every `type` that a client can send.
        pub const ORDERS: &[&str] = &[$($($kind),+),*];

        fn order(kind: &str, mut $fields: Fields) -> Result<Order> {
            let order = match kind {
                $($($kind)|+ => $order,)*
                "" => return $fields.finish().and(Err(Error::field("type", "is missing"))),
                _ => return Err(Error::invalid("unknown_type", "This server does not know that message type.")),
            };
            $fields.finish().map(|()| order)
        }

        /// The fields that the message of this `type` is read from.
        pub fn order_asked(kind: &str) -> Vec<Asked> {
            let mut $fields = Fields::describing();
            match kind {
                $($($kind)|+ => drop($order),)*
                _ => {}
            }
            $fields.into_asked()
        }
    };
}

orders! {
    fn order(fields) {
        "authenticate" => Order::Authenticate { token: fields.optional_text("token") },
        "join_channel" => Order::Join {
            channel: fields.id("channelId"),
            since: fields.optional_number("since"),
            password: fields.optional_text("password").map(Zeroizing::new),
        },
        "leave_channel" => Order::Leave { channel: fields.id("channelId") },
        "send_message" => Order::Send(NewMessage::read(&mut fields)),
        "typing_indicator" => Order::Typing { channel: fields.id("channelId"), typing: fields.flag("typing", true) },
        "watch_presence" => Order::WatchPresence { channel: fields.id("channelId") },
        "watch_log" => Order::WatchLog { log: fields.text("log"), watching: fields.flag("watching", true) },
        "watch_metrics" => Order::WatchMetrics { watching: fields.flag("watching", true) },
        "set_presence" => Order::SetPresence(PresenceChange::read(&mut fields)),
        "edit_message" => {
            Order::OnMessage(OnMessage::Edit { message: fields.id("messageId"), edit: MessageEdit::read(&mut fields) })
        },
        "delete_message" => Order::OnMessage(OnMessage::Delete { message: fields.id("messageId") }),
        "add_reaction" => {
            Order::OnMessage(OnMessage::React { message: fields.id("messageId"), reaction: fields.text("reaction") })
        },
        "remove_reaction" => {
            Order::OnMessage(OnMessage::Unreact { message: fields.id("messageId"), reaction: fields.text("reaction") })
        },
        "pin_message" => Order::OnMessage(OnMessage::Pin { message: fields.id("messageId") }),
        "unpin_message" => Order::OnMessage(OnMessage::Unpin { message: fields.id("messageId") }),
        "read_receipt" => {
            Order::Receipt(ReceiptOrder::Read { channel: fields.id("channelId"), message: fields.id("messageId") })
        },
        "delivery_receipt" => {
            Order::Receipt(ReceiptOrder::Delivered { channel: fields.id("channelId"), message: fields.id("messageId") })
        },
        "ping" | "heartbeat" => Order::Ping,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_is_read_with_the_contract_s_names() {
        let frame = r#"{"type":"send_message","channelId":"0190a0b0-0000-7000-8000-000000000001","text":"hi","containsPHI":true,"requestId":"r1"}"#;
        let incoming = parse(frame, 32).ok().unwrap();
        assert_eq!(incoming.request_id.as_deref(), Some("r1"));
        let Order::Send(message) = incoming.order else { panic!("a send") };
        assert_eq!((message.text.as_str(), message.contains_phi), ("hi", true));
    }

    #[test]
    fn what_cannot_be_read_keeps_its_request_id() {
        let unreadable = parse(r#"{"type":"send_message","requestId":"r2"}"#, 32).err().unwrap();
        assert_eq!(unreadable.request_id.as_deref(), Some("r2"));
        assert_eq!(unreadable.error.faults().len(), 2);
        assert_eq!(parse(r#"{"type":"dance"}"#, 32).err().unwrap().error.code(), "unknown_type");
        assert_eq!(parse("{}", 32).err().unwrap().error.code(), "invalid_field");
    }
}
