//! How keys of the file are spelled, and which one was meant.

use super::{Setting, settings};

/// The setting that a path of the file means.
pub fn known(path: &str) -> Option<&'static Setting> {
    let folded = fold(path);
    settings().find(|s| s.name == folded || fold(&s.path()) == folded)
}

/// `jwt.expiresIn`, `jwt_expires_in` and `JWT-EXPIRES-IN` are all `JWT_EXPIRES_IN`.
fn fold(path: &str) -> String {
    let mut folded = String::with_capacity(path.len() + 4);
    let mut after_small = false;
    for c in path.chars() {
        if c.is_ascii_uppercase() && after_small {
            folded.push('_');
        }
        after_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        folded.push(if matches!(c, '.' | '-') { '_' } else { c.to_ascii_uppercase() });
    }
    folded
}

/// What is said of a path that no setting has.
pub fn unknown(path: &str) -> String {
    let folded = fold(path);
    let last = fold(path.rsplit('.').next().unwrap_or(path));
    let nearest = settings()
        .map(|s| {
            let whole = distance(&folded, &fold(&s.path()));
            let named = distance(&folded, s.name).min(distance(&last, s.name));
            // A right key in a wrong section is as near as one slip.
            let moved = distance(&last, &fold(s.key)) + 1;
            (whole.min(named).min(moved), s)
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= (folded.len() / 4).clamp(1, 3));
    match nearest {
        Some((_, setting)) => format!("is not known; did you mean {}?", setting.path()),
        None => "is not known".into(),
    }
}

/// How many letters must be put in, left out or changed to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, c) in from.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, d) in to.iter().enumerate() {
            let change = corner + usize::from(c != *d);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn no_spelling_means_two_settings() {
        let mut seen = BTreeMap::new();
        for setting in settings() {
            for spelling in [setting.name.to_owned(), fold(&setting.path()), fold(&setting.camel())] {
                let other = seen.insert(spelling.clone(), setting.name);
                assert!(other.is_none_or(|name| name == setting.name), "{spelling}");
                assert_eq!(known(&spelling).map(|s| s.name), Some(setting.name), "{spelling}");
            }
        }
    }

    #[test]
    fn distance_counts_slips() {
        assert_eq!(distance("port", "port"), 0);
        assert_eq!(distance("prot", "port"), 2);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("ports", "port"), 1);
    }
}
