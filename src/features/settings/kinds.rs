//! The kinds of value that a policy can have. A value that is not allowed is refused with what is, and never
//! repeated.

use serde_json::Value;

/// A kind of value: how it is read and shown.
pub trait Kind: Sized {
    /// What is allowed, for the error and for the settings page.
    fn allowed() -> String;

    /// Reads a value; `None` when it is not allowed.
    fn read(value: &Value) -> Option<Self>;

    /// The value as JSON, in the form that [`Kind::read`] takes.
    fn show(&self) -> Value;
}

impl Kind for bool {
    fn allowed() -> String {
        "true or false".to_owned()
    }
    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }
    fn show(&self) -> Value {
        Value::Bool(*self)
    }
}

/// An enum of which a policy is one, each variant with its name.
macro_rules! choice {
    ($(#[doc = $doc:literal])* $kind:ident { $($(#[doc = $what:literal])* $variant:ident = $name:literal),* $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $kind { $($(#[doc = $what])* $variant),* }

        impl $kind {
            /// The stored and shown name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }

        impl $crate::features::settings::Kind for $kind {
            fn allowed() -> String {
                concat!("one of", $(" ", $name),*).to_owned()
            }
            fn read(value: &serde_json::Value) -> Option<Self> {
                match value.as_str()? {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
            fn show(&self) -> serde_json::Value {
                self.name().into()
            }
        }
    };
}
pub(crate) use choice;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    choice! {
        /// A sample.
        Colour {
            /// Like a rose.
            Red = "red",
            /// Like the sea.
            Blue = "blue",
        }
    }

    #[test]
    fn a_choice_is_read_by_its_names_alone() {
        assert_eq!(Colour::read(&json!("blue")), Some(Colour::Blue));
        for other in [json!("Blue"), json!(""), json!(0), json!(null), json!(["red"])] {
            assert_eq!(Colour::read(&other), None, "{other}");
        }
        assert_eq!(Colour::allowed(), "one of red blue");
        assert_eq!(Colour::Red.show(), json!("red"));
        assert_eq!(bool::read(&json!("true")), None);
        assert_eq!(bool::read(&json!(true)), Some(true));
    }
}
