//! Markdown as HTML that is safe to show, for clients that have no Markdown of their own.
//!
//! Safe by construction: the writer knows the few tags that it can write, everything else is text and is escaped.
//! HTML in a message is shown as it was typed, an image is its description (nothing is fetched from elsewhere by
//! looking at a message), a link leads to `http`, `https` or `mailto` and takes no reference to the page along.

mod html;

pub use html::html;
