//! Every SQL text of templates.

use super::model::Name;
use crate::error::Result;
use crate::gate::cells::{Columns, Param, Row, id, opt_id, time};
use crate::gate::{Act, Look};
use crate::id::TemplateId;
use crate::wire::templates::Template;

macro_rules! templates {
    ($rest:literal) => {
        concat!("SELECT id, name, text, created_by, created_at, updated_at FROM templates WHERE ", $rest)
    };
}

const LIST: &str = templates!("name > $1 ORDER BY name LIMIT $2");
const LIST_BACK: &str = templates!("name < $1 ORDER BY name DESC LIMIT $2");
const SHOW: &str = templates!("id = $1");
const TEXT_OF: &str = "SELECT text FROM templates WHERE name = $1";
const NAMED: &str = "SELECT id FROM templates WHERE name = $1";
const COUNT: &str = "SELECT COUNT(*) FROM templates";
const INSERT: &str = "INSERT INTO templates (id, name, text, created_by, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $5)";
const CHANGE: &str = "UPDATE templates SET name = $2, text = $3, updated_at = $4 WHERE id = $1";
const REMOVE: &str = "DELETE FROM templates WHERE id = $1";

fn template(row: &Row<'_>) -> Result<Template> {
    Ok(Template {
        id: row.id(0)?,
        name: row.get(1)?,
        text: row.get(2)?,
        created_by: row.opt_id(3)?,
        created_at: row.time(4)?,
        updated_at: row.time(5)?,
    })
}

pub(super) fn list(look: &mut Look<'_, '_>, after: &str, limit: u32) -> Result<Vec<Template>> {
    look.all(LIST, &[Param::Text(after), Param::Int(i64::from(limit))], template)
}

pub(super) fn list_back(look: &mut Look<'_, '_>, before: &str, limit: u32) -> Result<Vec<Template>> {
    let mut rows = look.all(LIST_BACK, &[Param::Text(before), Param::Int(i64::from(limit))], template)?;
    rows.reverse();
    Ok(rows)
}

pub(super) fn text_of(look: &mut Look<'_, '_>, name: &str) -> Result<Option<String>> {
    look.first(TEXT_OF, &[Param::Text(name)], |row| row.get(0))
}

pub(super) fn show(act: &mut Act<'_, '_>, of: TemplateId) -> Result<Option<Template>> {
    act.first(SHOW, &[id(of)], template)
}

pub(super) fn named(act: &mut Act<'_, '_>, name: &str) -> Result<Option<TemplateId>> {
    act.first(NAMED, &[Param::Text(name)], |row| row.id(0))
}

pub(super) fn count(act: &mut Act<'_, '_>) -> Result<i64> {
    Ok(act.first(COUNT, &[], |row| row.get(0))?.unwrap_or(0))
}

pub(super) fn insert(act: &mut Act<'_, '_>, of: TemplateId, name: &Name, text: &str) -> Result<()> {
    let values = [id(of), Param::Text(name.shown()), Param::Text(text), opt_id(act.maybe_user()), time(act.now())];
    act.execute(INSERT, &values).map(drop)
}

pub(super) fn change(act: &mut Act<'_, '_>, of: TemplateId, name: &str, text: &str) -> Result<()> {
    act.execute(CHANGE, &[id(of), Param::Text(name), Param::Text(text), time(act.now())]).map(drop)
}

pub(super) fn remove(act: &mut Act<'_, '_>, of: TemplateId) -> Result<u64> {
    act.execute(REMOVE, &[id(of)])
}
