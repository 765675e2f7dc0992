//! The suite: stories that people live through, against a real server in this process.
//!
//! A real listener, real TLS, a real data folder; only the clock is turned by hand. The people are the same in
//! every story: alice and bob (users), mona (a moderator), adam (an administrator), dora (who may do everything),
//! and a visitor. They know the server as its clients do: an address, a certificate authority, JSON. Nothing that
//! an answer is compared with comes from the server's own types.
//!
//! | file | subject |
//! |---|---|
//! | contract | every REST row: shapes, statuses, lists, errors |
//! | websocket | the life of a socket |
//! | people | accounts are changed; what two do to one at once |
//! | people_accounts | sign-ins, passwords, permissions, preferences, the directory |
//! | people_invited | invitations, registration, passwords chosen anew by a token |
//! | people_leaving | accounts closed, deleted, brought back, blanked |
//! | people_record | the audit log looked through and taken away |
//! | phi | patient details: who sees them, what is recorded, where they must not be |
//! | backups | copies of everything: made, kept, rehearsed |
//! | access | every route × every role |
//! | matrix | every type of WebSocket message × everybody |
//! | revocation | what ends, ends at once |
//! | presence | who is there, who types, who is connected, announcements |
//! | settings | what the clinic chooses for itself |
//! | figures | the server's figures: now, over time, live, for a scraper |
//! | roles | what roles allow, who may change that, and what that does at once |
//! | admin | looking after the server: the overview, settings, blocked addresses |
//! | care | the logs, the audit chain, the file for whoever helps, people by the list |
//! | trail | the audit log and its chain |
//! | starting | what a server refuses to start over, and what it finds again |
//! | setting_up | set-up step by step, and what of it is changed later |
//! | second_factor | set up, asked for, used once, lost and ended |
//! | sync | state + frames = a fresh fetch, whatever was missed |
//! | channels, channels_people | what channels are and how they end; who may be there and say what |
//! | engines | the main stories on both databases |
//! | limits | below, at and above every limit |
//! | writing | what helps or restrains a writer: the word filter, flags |
//! | writing_saying | commands, templates, types of messages, safe HTML |
//! | writing_times | messages for later, reminders, messages that erase themselves |
//! | writing_keeping | drafts and bookmarks |
//! | writing_mentions | who is named, told and counted |
//! | keys | API keys: what they may, and how they end |
//! | cookie | signing in from the server's own pages, and from no other |
//! | compression | answers made smaller, and what stays as it is |
//! | deflating | the sub-protocol with compression |
//! | openapi | the served description, and that answers and frames are as it says |
//! | detection | patient details that nobody marked, and those that are revealed |
//! | search | what a search finds, for whom, and how it goes on |
//! | rates | how often somebody may ask, and what they are told |
//! | reactions | what people put under a message |
//! | threads | replies, and what is pinned |
//! | receipts | who has received and read it |
//! | changes | messages that are edited and deleted, and what they said before |
//! | pages | the web clients: what is served, how it is kept, and what it may do in a browser |
//! | front | what a request passes before it is answered |

#![allow(clippy::unwrap_used, reason = "a story that cannot go on fails")]
#![allow(
    clippy::disallowed_methods,
    reason = "waiting is measured in real time; the server's own time is a clock by hand"
)]

#[path = "../driver/mod.rs"]
mod driver;
mod exports;
mod figures;
mod fixture;

mod access;
mod admin;
mod backups;
mod care;
mod changes;
mod channels;
mod channels_people;
mod compression;
mod contract;
mod cookie;
mod deflating;
mod detection;
mod engines;
mod front;
mod keys;
mod limits;
mod matrix;
mod openapi;
mod pages;
mod people;
mod people_accounts;
mod people_invited;
mod people_leaving;
mod people_record;
mod phi;
mod presence;
mod rates;
mod reactions;
mod receipts;
mod revocation;
mod roles;
mod search;
mod second_factor;
mod setting_up;
mod settings;
mod starting;
mod sync;
mod threads;
mod trail;
mod websocket;
mod writing;
mod writing_keeping;
mod writing_mentions;
mod writing_saying;
mod writing_times;
