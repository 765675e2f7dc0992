//! The writer.

use std::fmt::Write as _;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// Tags within each other that are written; what is deeper is text without them, so that a line of `>` does not
/// become a page of tags.
const DEPTH_MAX: usize = 32;
/// Where a link may lead.
const SCHEMES: [&str; 3] = ["http", "https", "mailto"];
/// Characters of a code block's language.
const LANGUAGE_CHARS_MAX: usize = 30;

/// A message's text as HTML.
pub fn html(text: &str) -> String {
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    let mut writer = Writer { html: String::with_capacity(text.len() * 2), open: Vec::new() };
    for event in Parser::new_ext(text, options) {
        writer.write(event);
    }
    writer.html
}

struct Writer {
    html: String,
    /// The tag that ends each part that is open; nothing for one that was not written.
    open: Vec<Option<&'static str>>,
}

impl Writer {
    fn write(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => escape_into(&mut self.html, &text),
            Event::Code(text) => {
                self.html.push_str("<code>");
                escape_into(&mut self.html, &text);
                self.html.push_str("</code>");
            }
            Event::SoftBreak => self.html.push('\n'),
            Event::HardBreak => self.html.push_str("<br>\n"),
            Event::Rule => self.html.push_str("<hr>\n"),
            // Footnotes, tasks and mathematics are not asked of the parser.
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        let written = self.open.iter().flatten().count() < DEPTH_MAX;
        let end = if written { self.begin(tag) } else { None };
        self.open.push(end);
    }

    /// Writes the tag that begins a part; gives the one that ends it.
    fn begin(&mut self, tag: &Tag<'_>) -> Option<&'static str> {
        let (begin, end) = match tag {
            Tag::Paragraph | Tag::HtmlBlock => ("<p>", "</p>\n"),
            Tag::Heading { level, .. } => heading(*level),
            Tag::BlockQuote(_) => ("<blockquote>\n", "</blockquote>\n"),
            Tag::CodeBlock(kind) => {
                self.begin_code(kind);
                return Some("</code></pre>\n");
            }
            Tag::List(Some(first)) => {
                // Writing to a text cannot fail.
                let _ = writeln!(self.html, "<ol start=\"{first}\">");
                return Some("</ol>\n");
            }
            Tag::List(None) => ("<ul>\n", "</ul>\n"),
            Tag::Item => ("<li>", "</li>\n"),
            Tag::Emphasis => ("<em>", "</em>"),
            Tag::Strong => ("<strong>", "</strong>"),
            Tag::Strikethrough => ("<del>", "</del>"),
            Tag::Table(_) => ("<table>\n", "</table>\n"),
            Tag::TableHead | Tag::TableRow => ("<tr>", "</tr>\n"),
            Tag::TableCell => ("<td>", "</td>"),
            Tag::Link { dest_url, .. } => {
                let address = safe_address(dest_url)?;
                self.html.push_str("<a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"");
                escape_into(&mut self.html, &address);
                self.html.push_str("\">");
                return Some("</a>");
            }
            // An image is its description.
            _ => return None,
        };
        self.html.push_str(begin);
        Some(end)
    }

    fn begin_code(&mut self, kind: &CodeBlockKind<'_>) {
        self.html.push_str("<pre><code");
        if let CodeBlockKind::Fenced(language) = kind {
            let is_of_a_name = |c: &char| c.is_ascii_alphanumeric() || "+#-_".contains(*c);
            let language: String = language.chars().take_while(is_of_a_name).take(LANGUAGE_CHARS_MAX).collect();
            if !language.is_empty() {
                self.html.push_str(" class=\"language-");
                self.html.push_str(&language);
                self.html.push('"');
            }
        }
        self.html.push('>');
    }

    fn end(&mut self, _tag: TagEnd) {
        if let Some(end) = self.open.pop().flatten() {
            self.html.push_str(end);
        }
    }
}

fn heading(level: HeadingLevel) -> (&'static str, &'static str) {
    match level {
        HeadingLevel::H1 => ("<h1>", "</h1>\n"),
        HeadingLevel::H2 => ("<h2>", "</h2>\n"),
        HeadingLevel::H3 => ("<h3>", "</h3>\n"),
        HeadingLevel::H4 => ("<h4>", "</h4>\n"),
        HeadingLevel::H5 => ("<h5>", "</h5>\n"),
        HeadingLevel::H6 => ("<h6>", "</h6>\n"),
    }
}

/// An address that may be followed: nothing that a browser would pass over, and one of three schemes.
fn safe_address(address: &str) -> Option<String> {
    let address: String = address.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let (scheme, _) = address.split_once(':')?;
    SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(address)
}

fn escape_into(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_the_tags_that_it_stands_for() {
        for (text, expected) in [
            ("plain", "<p>plain</p>\n"),
            ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <del>c</del> <code>d</code></p>\n"),
            ("a\nb", "<p>a\nb</p>\n"),
            ("a  \nb", "<p>a<br>\nb</p>\n"),
            ("# A\n\ntext", "<h1>A</h1>\n<p>text</p>\n"),
            ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
            ("3. a", "<ol start=\"3\">\n<li>a</li>\n</ol>\n"),
            ("> a", "<blockquote>\n<p>a</p>\n</blockquote>\n"),
            ("```rust\na < b\n```", "<pre><code class=\"language-rust\">a &lt; b\n</code></pre>\n"),
            ("---", "<hr>\n"),
            ("|a|\n|-|\n|b|", "<table>\n<tr><td>a</td></tr>\n<tr><td>b</td></tr>\n</table>\n"),
            (
                "[a](https://clinic.example/?a=1&b=2)",
                "<p><a rel=\"noopener noreferrer nofollow\" target=\"_blank\" \
                 href=\"https://clinic.example/?a=1&amp;b=2\">a</a></p>\n",
            ),
        ] {
            assert_eq!(html(text), expected, "{text:?}");
        }
    }

    /// What attackers write, and what must not come of it. No tag may come out that the writer does not know, and no
    /// attribute but the ones it writes itself.
    #[test]
    fn nothing_that_a_person_wrote_becomes_active() {
        for attack in [
            "<script>alert(1)</script>",
            "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
            "<img src=x onerror=alert(1)>",
            "<svg/onload=alert(1)>",
            "<iframe src=javascript:alert(1)>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<math><mtext></p><style><img src onerror=alert(1)>",
            "<!--><img src=x onerror=alert(1)>-->",
            "<![CDATA[<script>alert(1)</script>]]>",
            "<?php <script>alert(1)</script> ?>",
            "<style>*{background:url(//evil.example)}</style>",
            "<div style=\"position:fixed\">x</div>",
            "<form action=//evil.example><input name=a></form>",
            "<base href=//evil.example>",
            "<meta http-equiv=refresh content=0;url=//evil.example>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java&#115;cript:alert(1))",
            "[x](java\tscript:alert(1))",
            "[x](<java\nscript:alert(1)>)",
            "[x](&#x6A;avascript:alert(1))",
            "[x](\u{1}javascript:alert(1))",
            "[x](vbscript:msgbox(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](file:///etc/passwd)",
            "[x](//evil.example)",
            "[x](blob:https://a/b)",
            "<javascript:alert(1)>",
            "[x]: javascript:alert(1)\n\n[x]",
            "![x](https://evil.example/pixel.png)",
            "![x](x \"onerror=alert(1)\")",
            "![\"><script>alert(1)</script>](x)",
            "[x](https://a.example/\"onmouseover=\"alert(1))",
            "[x](https://a.example/'onmouseover='alert(1))",
            "[x](https://a.example \"title\" onclick=alert(1))",
            "[<img src=x onerror=alert(1)>](https://a.example)",
            "`<script>alert(1)</script>`",
            "```\"><script>alert(1)</script>\nx\n```",
            "```x\"onload=\"alert(1)\nx\n```",
            "    <script>alert(1)</script>",
            "|<script>|\n|-|\n|<img src=x onerror=alert(1)>|",
            "# <script>alert(1)</script>",
            "- <script>alert(1)</script>",
            "> <script>alert(1)</script>",
            "\u{0}<script>alert(1)</script>",
            "<scr<script>ipt>alert(1)</scr</script>ipt>",
        ] {
            let html = html(attack);
            for tag in tags(&html) {
                assert!(is_ours(&tag), "{attack:?} became {html:?}: {tag:?}");
            }
        }
        let all = html("[x](HTTP://a.example) <mailto:a@a.example> <https://a.example>");
        assert_eq!(all.matches("href=").count(), 3, "{all}");
    }

    /// The tags of a page, as a browser finds them.
    fn tags(html: &str) -> Vec<String> {
        html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default().to_owned()).collect()
    }

    fn is_ours(tag: &str) -> bool {
        let bare = [
            "p",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "blockquote",
            "pre",
            "code",
            "ol",
            "ul",
            "li",
            "em",
            "strong",
            "del",
            "table",
            "tr",
            "td",
            "a",
            "br",
            "hr",
        ];
        let tag = tag.trim_start_matches('/');
        let link = tag.strip_prefix("a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\"");
        bare.contains(&tag)
            || tag.strip_prefix("code class=\"language-").is_some_and(|rest| {
                rest.strip_suffix('"')
                    .is_some_and(|l| l.chars().all(|c| c.is_ascii_alphanumeric() || "+#-_".contains(c)))
            })
            || tag.strip_prefix("ol start=\"").is_some_and(|rest| rest.trim_end_matches('"').parse::<u64>().is_ok())
            || link.and_then(|rest| rest.strip_suffix('"')).is_some_and(|address| {
                !address.contains(['"', '\'', ' '])
                    && ["http:", "https:", "mailto:"].iter().any(|s| address.to_lowercase().starts_with(s))
            })
    }

    #[test]
    fn depth_does_not_become_a_page_of_tags() {
        let deep = html(&format!("{} x", ">".repeat(8_000)));
        assert!(deep.len() < 10_000, "{} bytes", deep.len());
        assert!(deep.matches("<blockquote>").count() <= DEPTH_MAX);
        assert_eq!(deep.matches("<blockquote>").count(), deep.matches("</blockquote>").count());
    }
}
