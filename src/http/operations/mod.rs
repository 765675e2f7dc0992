//! One operation a route: decode, call the feature, encode. Nothing is decided here.
//!
//! Each file begins with what is published of its routes, `described()`: see [`super::contract`].

pub(super) mod admin;
pub(super) mod announcements;
pub(super) mod audit;
pub(super) mod auth;
pub(super) mod backups;
pub(super) mod channels;
pub(super) mod connections;
pub(super) mod exports;
pub(super) mod invitations;
pub(super) mod keys;
pub(super) mod messages;
pub(super) mod metrics;
pub(super) mod pages;
pub(super) mod phi;
pub(super) mod presence;
pub(super) mod roles;
pub(super) mod search;
pub(super) mod settings;
pub(super) mod setup;
pub(super) mod users;
pub(super) mod writing;

use super::contract::Tag;

/// What is published, in the order in which people read it.
pub(super) const TAGS: &[Tag] = &[
    Tag { name: "Signing in", about: "Set-up, tokens and passwords.", rows: auth::described },
    Tag { name: "Set-up", about: "The first steps, and where the server stands.", rows: setup::described },
    Tag { name: "Users", about: "People who have an account.", rows: users::described },
    Tag { name: "Invitations", about: "Leave to make an account.", rows: invitations::described },
    Tag { name: "Channels", about: "Where people talk, and who is in there.", rows: channels::described },
    Tag { name: "Messages", about: "What is said.", rows: messages::described },
    Tag {
        name: "Patient details",
        about: "Found before they are sent, and revealed for a reason.",
        rows: phi::described,
    },
    Tag { name: "Search", about: "Finding what was said.", rows: search::described },
    Tag { name: "Writing", about: "Drafts, bookmarks, flags, the word filter.", rows: writing::described },
    Tag { name: "Presence", about: "Who is there.", rows: presence::described },
    Tag { name: "Connections", about: "Devices that are connected.", rows: connections::described },
    Tag { name: "Announcements", about: "What everybody is to know.", rows: announcements::described },
    Tag { name: "Settings", about: "Policies that a clinic chooses while the server runs.", rows: settings::described },
    Tag { name: "API keys", about: "How programs come in.", rows: keys::described },
    Tag { name: "Exports", about: "Sealed files that are read without the server.", rows: exports::described },
    Tag { name: "Backups", about: "Copies of everything, and when they are made.", rows: backups::described },
    Tag { name: "Audit log", about: "What was done.", rows: audit::described },
    Tag { name: "Roles", about: "What people may do.", rows: roles::described },
    Tag { name: "Administration", about: "Looking after the server.", rows: admin::described },
    Tag { name: "Figures", about: "How the server is, now and over years.", rows: metrics::described },
    Tag { name: "Pages", about: "The embedded pages, and this description.", rows: pages::described },
];
