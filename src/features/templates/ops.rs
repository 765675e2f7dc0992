//! Keeping templates.

use super::deeds::TemplateDeed;
use super::model::{Name, TEMPLATES_MAX, wrong_text};
use super::rows;
use crate::error::{Error, FieldFault, Result};
use crate::features::{Cursor, Means, Paged};
use crate::gate::{Act, Cx};
use crate::id::TemplateId;
use crate::wire::templates::{NewTemplate, Template, TemplateChange};

/// The templates by name, a page at a time; the cursor is a name.
pub async fn list(cx: &Cx, means: &Means, page: Cursor) -> Result<Paged<Template>> {
    let limit = page.rows(&means.limits)?;
    let rows = cx
        .view(TemplateDeed::List, move |look| match (&page.after, &page.before) {
            // The order is by name, upwards: what follows a name is "before" nothing and "after" it.
            (Some(name), _) => rows::list_back(look, name, limit),
            (None, name) => rows::list(look, name.as_deref().unwrap_or_default(), limit),
        })
        .await?;
    Ok(Paged::of(rows, limit, |template| template.name.clone()))
}

/// The first templates by name, for completion.
pub async fn some(cx: &Cx, limit: u32) -> Result<Vec<Template>> {
    cx.view(TemplateDeed::List, move |look| rows::list(look, "", limit)).await
}

/// What a name inserts, if there is such a template.
pub async fn find(cx: &Cx, name: &str) -> Result<Option<String>> {
    let name = name.to_owned();
    cx.view(TemplateDeed::List, move |look| rows::text_of(look, &name)).await
}

/// Adds one.
pub async fn add(cx: &Cx, body: NewTemplate) -> Result<Template> {
    let mut faults = Vec::new();
    let name = Name::parse(&body.name).map_err(|detail| faults.push(FieldFault { field: "name", detail })).ok();
    faults.extend(wrong_text(&body.text).map(|detail| FieldFault { field: "text", detail }));
    let Some(name) = name.filter(|_| faults.is_empty()) else { return Err(Error::fields(faults)) };
    let template = cx.new_id();
    cx.act(TemplateDeed::Add { template }, move |act| {
        if rows::count(act)? >= TEMPLATES_MAX {
            let detail = format!("There are {TEMPLATES_MAX} templates already: remove some.");
            return Err(Error::conflict("templates_full", detail));
        }
        free(act, &name, template)?;
        rows::insert(act, template, &name, &body.text)?;
        rows::show(act, template)?.ok_or_else(|| Error::internal("a new template cannot be read back"))
    })
    .await
}

/// Changes one.
pub async fn change(cx: &Cx, template: TemplateId, body: TemplateChange) -> Result<Template> {
    let mut faults = Vec::new();
    let name = match body.name.as_deref().map(Name::parse).transpose() {
        Ok(name) => name,
        Err(detail) => {
            faults.push(FieldFault { field: "name", detail });
            None
        }
    };
    let wrong = body.text.as_deref().and_then(wrong_text);
    faults.extend(wrong.map(|detail| FieldFault { field: "text", detail }));
    if !faults.is_empty() {
        return Err(Error::fields(faults));
    }
    cx.act(TemplateDeed::Change { template }, move |act| {
        let before = rows::show(act, template)?.ok_or_else(|| Error::missing("template"))?;
        if let Some(name) = &name {
            free(act, name, template)?;
        }
        let name = name.as_ref().map_or(before.name.as_str(), Name::shown);
        rows::change(act, template, name, body.text.as_deref().unwrap_or(&before.text))?;
        rows::show(act, template)?.ok_or_else(|| Error::missing("template"))
    })
    .await
}

/// Removes one.
pub async fn remove(cx: &Cx, template: TemplateId) -> Result<()> {
    cx.act(TemplateDeed::Remove { template }, move |act| {
        if rows::remove(act, template)? == 0 { Err(Error::missing("template")) } else { Ok(()) }
    })
    .await
}

fn free(act: &mut Act<'_, '_>, name: &Name, template: TemplateId) -> Result<()> {
    match rows::named(act, name.shown())? {
        Some(other) if other != template => {
            Err(Error::conflict("template_exists", "There is a template of that name already."))
        }
        _ => Ok(()),
    }
}
