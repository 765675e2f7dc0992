//! The table.

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A text of 1 to so many characters.
    Text(usize),
    /// A time as RFC 3339 has it.
    Time,
    /// A user's id.
    Person,
}

/// A field of a type's metadata.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// As errors name it.
    pub(super) path: &'static str,
    pub(super) rule: Rule,
    pub(super) needed: bool,
    pub(super) what: &'static str,
}

/// A type of messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) fields: &'static [Field],
}

macro_rules! field {
    ($name:literal, $rule:expr, needed, $what:literal) => {
        Field { name: $name, path: concat!("metadata.", $name), rule: $rule, needed: true, what: $what }
    };
    ($name:literal, $rule:expr, $what:literal) => {
        Field { name: $name, path: concat!("metadata.", $name), rule: $rule, needed: false, what: $what }
    };
}

pub(super) const SCHEMAS: [Schema; 3] = [
    Schema {
        name: "alert",
        what: "Something that wants attention.",
        fields: &[
            field!("severity", Rule::OneOf(&["info", "warning", "critical"]), needed, "How much."),
            field!("title", Rule::Text(200), "A headline."),
            field!("acknowledgeBy", Rule::Time, "By when somebody has to react."),
        ],
    },
    Schema {
        name: "notification",
        what: "Something that is good to know.",
        fields: &[
            field!("title", Rule::Text(200), needed, "A headline."),
            field!("importance", Rule::OneOf(&["low", "normal", "high"]), "How good to know."),
            field!("source", Rule::Text(100), "Which system says so."),
        ],
    },
    Schema {
        name: "task",
        what: "Something to be done.",
        fields: &[
            field!("title", Rule::Text(200), needed, "What."),
            field!("state", Rule::OneOf(&["open", "in_progress", "done", "cancelled"]), needed, "How far it is."),
            field!("assignee", Rule::Person, "Who does it."),
            field!("due", Rule::Time, "By when."),
        ],
    },
];
