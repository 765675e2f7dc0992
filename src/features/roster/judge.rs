//! Every row of a list by itself, and against the others: what could become an account, and why not.

use std::collections::HashMap;

use super::sheet::SheetRow;
use crate::error::FieldFault;
use crate::features::users::{Email, PersonName, Username};

/// A row that was judged.
pub struct Judged {
    /// Its line.
    pub line: usize,
    /// The name to sign in with, as the list has it or as it was made up.
    pub shown: Option<String>,
    /// The name, if it can be one.
    pub username: Option<Username>,
    /// The address, if there is one.
    pub email: Option<Email>,
    /// The given name, if there is one.
    pub first_name: Option<PersonName>,
    /// The family name, if there is one.
    pub last_name: Option<PersonName>,
    /// The role that the list names.
    pub role: Option<String>,
    /// What is wrong with it; what a cell says is not repeated.
    pub faults: Vec<FieldFault>,
}

impl Judged {
    fn of(row: &SheetRow) -> Self {
        let mut faults = Vec::new();
        let mut fault = |field: &'static str, detail: String| faults.push(FieldFault { field, detail });
        let username = match &row.username {
            None => {
                fault("username", "is missing, and there is no name to make one of".to_owned());
                None
            }
            Some(text) => Username::parse(text).map_err(|detail| fault("username", detail)).ok(),
        };
        let email = row.email.as_deref().map(Email::parse).transpose().map_err(|detail| fault("email", detail));
        let mut name = |field, text: &Option<String>| {
            text.as_deref().map(PersonName::parse).transpose().map_err(|detail| fault(field, detail)).ok().flatten()
        };
        let (first_name, last_name) = (name("firstName", &row.first_name), name("lastName", &row.last_name));
        Self {
            line: row.line,
            shown: row.username.clone(),
            username,
            email: email.ok().flatten(),
            first_name,
            last_name,
            role: row.role.clone(),
            faults,
        }
    }
}

/// Judges every row; whoever is on the list twice is told with the line of the first.
pub fn judge(rows: &[SheetRow]) -> Vec<Judged> {
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut addresses: HashMap<String, usize> = HashMap::new();
    let mut judged = Vec::with_capacity(rows.len());
    for row in rows {
        let mut one = Judged::of(row);
        if let Some(username) = &one.username
            && let Some(line) = twice(&mut names, username.key().to_owned(), one.line)
        {
            one.faults
                .push(FieldFault { field: "username", detail: format!("is on the list already, on line {line}") });
        }
        if let Some(email) = &one.email
            && let Some(line) = twice(&mut addresses, email.key(), one.line)
        {
            one.faults.push(FieldFault { field: "email", detail: format!("is on the list already, on line {line}") });
        }
        judged.push(one);
    }
    judged
}

fn twice(seen: &mut HashMap<String, usize>, key: String, line: usize) -> Option<usize> {
    match seen.entry(key) {
        std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
        std::collections::hash_map::Entry::Vacant(free) => {
            free.insert(line);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::read;
    use super::*;

    #[test]
    fn each_row_is_told_what_is_wrong_with_it_and_nothing_else() {
        let text = "username,email\nana,ana@x.lan\nANA,other@x.lan\nbo,no address\n,\u{7}\ncy,ANA@x.lan\n";
        let told: Vec<_> = judge(&read(text.as_bytes()).unwrap().rows)
            .into_iter()
            .map(|one| (one.line, one.faults.iter().map(|fault| fault.field).collect::<Vec<_>>()))
            .collect();
        let expected: [(usize, Vec<&str>); 5] = [
            (2, vec![]),
            (3, vec!["username"]),
            (4, vec!["email"]),
            (5, vec!["username", "email"]),
            (6, vec!["email"]),
        ];
        assert_eq!(told, expected);
    }
}
