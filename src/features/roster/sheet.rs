//! A table as text (RFC 4180, and what programs make of it) becomes rows of named cells.

use crate::error::{Error, Result};

use super::text::decode;

/// Rows of a list at most.
pub const ROWS_MAX: usize = 5_000;
/// Cells of a row at most.
const CELLS_MAX: usize = 100;

/// What a column says of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The name to sign in with.
    Username,
    /// The address.
    Email,
    /// The given name.
    FirstName,
    /// The family name.
    LastName,
    /// Both in one.
    FullName,
    /// The role's name.
    Role,
}

/// How columns are called, in the languages of the clients, compared without case, spaces, `-`, `_` and `.`.
const HEADINGS: &[(Column, &[&str])] = &[
    (Column::Username, &["username", "user", "login", "account", "usuario", "nombredeusuario", "اسمالمستخدم"]),
    (Column::Email, &["email", "emailaddress", "mail", "correo", "correoelectrónico", "البريدالإلكتروني"]),
    (Column::FirstName, &["firstname", "givenname", "first", "nombre", "الاسمالأول"]),
    (Column::LastName, &["lastname", "familyname", "surname", "last", "apellido", "apellidos", "اسمالعائلة"]),
    (Column::FullName, &["name", "fullname", "displayname", "nombrecompleto", "الاسم"]),
    (Column::Role, &["role", "group", "rol", "الدور"]),
];

/// One row that is not empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SheetRow {
    /// The line that it begins on, from 1.
    pub line: usize,
    /// The name to sign in with.
    pub username: Option<String>,
    /// The address.
    pub email: Option<String>,
    /// The given name.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// The role's name.
    pub role: Option<String>,
}

/// A table that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// `utf-8`, `utf-16le`, `utf-16be` or `windows-1252`.
    pub encoding: &'static str,
    /// What stood between the cells.
    pub separator: char,
    /// What each column was taken for; `None` is left out.
    pub columns: Vec<Option<Column>>,
    /// The rows.
    pub rows: Vec<SheetRow>,
}

/// Reads a table. `Invalid` says what about the whole of it is wrong; what is wrong with a row, [`super::judge()`] says.
pub fn read(bytes: &[u8]) -> Result<Sheet> {
    let (text, encoding) = decode(bytes).ok_or_else(|| {
        Error::invalid("list_unreadable", "This is no text: save the list as CSV (UTF-8) and send that.")
    })?;
    let separator = separator_of(&text);
    let mut records = records(&text, separator)?;
    records.retain(|record| record.cells.iter().any(|cell| !cell.trim().is_empty()));
    let Some(first) = records.first() else {
        return Err(Error::invalid("list_empty", "There is nobody on the list."));
    };
    let named: Vec<Option<Column>> = first.cells.iter().map(|cell| heading(cell)).collect();
    let columns = if named.iter().any(Option::is_some) {
        records.remove(0);
        named
    } else if first.cells.len() == 1 {
        // A list of names and nothing else needs no heading.
        vec![Some(Column::FullName)]
    } else {
        return Err(Error::invalid(
            "list_headings",
            "The first line must name the columns: username, email, first name, last name, name, role.",
        ));
    };
    let twice = columns.iter().flatten().any(|column| columns.iter().flatten().filter(|c| *c == column).count() > 1);
    if twice {
        return Err(Error::invalid("list_headings", "Two columns have the same heading."));
    }
    if !columns
        .iter()
        .flatten()
        .any(|c| matches!(c, Column::Username | Column::FullName | Column::FirstName | Column::Email))
    {
        return Err(Error::invalid("list_headings", "No column says who people are: name one username, or name."));
    }
    if records.len() > ROWS_MAX {
        return Err(Error::invalid("list_too_long", format!("A list may have at most {ROWS_MAX} rows: split it.")));
    }
    let rows = records.iter().map(|record| record.named(&columns)).collect();
    Ok(Sheet { encoding, separator, columns, rows })
}

struct Record {
    line: usize,
    cells: Vec<String>,
}

impl Record {
    fn named(&self, columns: &[Option<Column>]) -> SheetRow {
        let mut row = SheetRow { line: self.line, ..SheetRow::default() };
        for (column, cell) in columns.iter().zip(&self.cells) {
            let cell = cell.trim();
            let (Some(column), false) = (column, cell.is_empty()) else { continue };
            let name = cell.to_owned();
            let cell = Some(name.clone());
            match column {
                Column::Username => row.username = cell,
                Column::Email => row.email = cell,
                Column::FirstName => row.first_name = cell,
                Column::LastName => row.last_name = cell,
                Column::Role => row.role = cell,
                Column::FullName => {
                    // "Khan, Amina" and "Amina Khan" are the same person.
                    let (first, last) = match name.split_once(',') {
                        Some((last, first)) => (first.trim().to_owned(), last.trim().to_owned()),
                        None => match name.rsplit_once(' ') {
                            Some((first, last)) => (first.trim().to_owned(), last.to_owned()),
                            None => (name, String::new()),
                        },
                    };
                    row.first_name = Some(first).filter(|text| !text.is_empty());
                    row.last_name = Some(last).filter(|text| !text.is_empty());
                }
            }
        }
        if row.username.is_none() {
            row.username = made_up(&row);
        }
        row
    }
}

/// A name to sign in with for somebody whose list has none: `amina.khan`, or what stands before the @.
fn made_up(row: &SheetRow) -> Option<String> {
    use unicode_normalization::UnicodeNormalization as _;
    let plain = |text: &String| -> String {
        let folded = text.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c));
        folded.flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
    };
    let parts = [&row.first_name, &row.last_name].map(|part| part.as_ref().map(plain).unwrap_or_default());
    let joined = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
    if !joined.is_empty() {
        return Some(joined);
    }
    let before = row.email.as_ref()?.split('@').next()?;
    (!before.is_empty()).then(|| before.to_lowercase())
}

fn heading(cell: &str) -> Option<Column> {
    let plain: String = cell
        .trim()
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_' | '.' | '*' | ':'))
        .flat_map(char::to_lowercase)
        .collect();
    HEADINGS.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(column, _)| *column)
}

/// The one of the usual separators that the first line has most of, outside of quotes.
fn separator_of(text: &str) -> char {
    let mut quoted = false;
    let mut counts = [(',', 0), (';', 0), ('\t', 0), ('|', 0)];
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '\n' | '\r' if !quoted && counts.iter().any(|(_, count)| *count > 0) => break,
            c if !quoted => {
                if let Some((_, count)) = counts.iter_mut().find(|(separator, _)| *separator == c) {
                    *count += 1;
                }
            }
            _ => {}
        }
    }
    // Of equals, the first: max_by_key would give the last.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(',', |(separator, _)| *separator)
}

fn records(text: &str, separator: char) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    let (mut line, mut begun, mut opened) = (1, 1, 1);
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.trim().is_empty() => {
                cell.clear();
                (quoted, opened) = (true, line);
            }
            '\r' | '\n' => {
                if c == '\r' && chars.peek() == Some(&'\n') {
                    chars.next();
                }
                line += 1;
                if quoted {
                    cell.push('\n');
                    continue;
                }
                cells.push(std::mem::take(&mut cell));
                records.push(Record { line: begun, cells: std::mem::take(&mut cells) });
                begun = line;
                if records.len() > ROWS_MAX * 2 {
                    return Err(Error::invalid(
                        "list_too_long",
                        format!("A list may have at most {ROWS_MAX} rows: split it."),
                    ));
                }
            }
            c if c == separator && !quoted => {
                cells.push(std::mem::take(&mut cell));
                if cells.len() > CELLS_MAX {
                    return Err(Error::invalid(
                        "list_unreadable",
                        format!("Line {line} has more than {CELLS_MAX} cells."),
                    ));
                }
            }
            c => cell.push(c),
        }
    }
    if quoted {
        return Err(Error::invalid(
            "list_unreadable",
            format!("The quote that opens on line {opened} is never closed."),
        ));
    }
    cells.push(cell);
    records.push(Record { line: begun, cells });
    Ok(records)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str) -> Vec<SheetRow> {
        read(text.as_bytes()).unwrap().rows
    }

    #[test]
    fn columns_are_found_by_their_headings_in_any_order_and_language() {
        let sheet = read("Rol;Correo electrónico;Usuario\nuser;ana@x.lan;ana\n".as_bytes()).unwrap();
        assert_eq!(sheet.separator, ';');
        let ana = SheetRow {
            line: 2,
            username: Some("ana".into()),
            email: Some("ana@x.lan".into()),
            role: Some("user".into()),
            ..SheetRow::default()
        };
        assert_eq!(sheet.rows, [ana]);
        assert_eq!(rows("E-Mail,First Name,LAST_NAME\nz@x,Zoë,Ng\n")[0].username.as_deref(), Some("zoe.ng"));
        assert_eq!(rows("email\nz@x.lan\n")[0].username.as_deref(), Some("z"));
    }

    #[test]
    fn quotes_breaks_and_empty_lines_are_as_they_should_be() {
        let all = rows("username,name\r\n\r\n\"a\"\"b\",\"Khan, Amina\"\r\n , \r\n\"c\",\"two\nlines\"\r\nd,x");
        let told: Vec<_> = all.iter().map(|r| (r.line, r.username.as_deref(), r.first_name.as_deref())).collect();
        assert_eq!(
            told,
            [(3, Some("a\"b"), Some("Amina")), (5, Some("c"), Some("two\nlines")), (7, Some("d"), Some("x"))]
        );
    }

    #[test]
    fn pasted_names_need_no_heading() {
        let all = rows("Amina Khan\nBo\n\nJosé da Silva\n");
        let told: Vec<_> = all.iter().map(|r| r.username.as_deref().unwrap()).collect();
        assert_eq!(told, ["amina.khan", "bo", "joseda.silva"]);
    }

    #[test]
    fn what_is_wrong_with_the_whole_is_said() {
        for (text, code) in [
            ("", "list_empty"),
            ("username\n\n  \n", ""),
            ("a,b\n1,2\n", "list_headings"),
            ("username,user\na,b\n", "list_headings"),
            ("role,last name\na,b\n", "list_headings"),
            ("username\n\"a\n", "list_unreadable"),
        ] {
            let outcome = read(text.as_bytes());
            assert_eq!(outcome.as_ref().map_or_else(Error::code, |_| ""), code, "{text:?}: {outcome:?}");
        }
        let many = |count: usize| format!("username\n{}", "x\n".repeat(count));
        assert_eq!(read(many(ROWS_MAX).as_bytes()).unwrap().rows.len(), ROWS_MAX);
        assert_eq!(read(many(ROWS_MAX + 1).as_bytes()).unwrap_err().code(), "list_too_long");
        assert_eq!(read(&[0, 1, 2]).unwrap_err().code(), "list_unreadable");
    }

    proptest! {
        #[test]
        fn anything_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a-z,;\"\n\r\t@]{0,200}") {
            let _ = read(format!("username,email\n{text}").as_bytes());
        }
    }
}
