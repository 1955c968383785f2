//! Whether an extension is on a machine, where extensions may be told by their ids alone.

use estate::{Extension, Known, Reason};

use crate::view::{Context, VmView};

/// The first extension of a machine that is one of these; none where it surely has none of them.
pub(crate) fn installed<'e>(
    context: &Context<'e>,
    view: &VmView<'_>,
    wanted: &[(&str, &str)],
) -> Result<Option<&'e Extension>, Vec<Reason>> {
    let found = context.extension(view, wanted)?;
    if found.is_some() {
        return Ok(found);
    }
    // `az vm list` names extensions by their ids alone: such a one may be any.
    let nameless = context.extensions(view).find(|extension| {
        extension.handler.as_ref().and_then(Known::value).is_none()
            || extension.publisher.as_ref().and_then(Known::value).is_none()
    });
    match nameless {
        None => Ok(None),
        Some(extension) => Err(vec![Reason::Partial {
            resource_type: "Microsoft.Compute/virtualMachines/extensions".into(),
            id: context.estate().text(extension.id).into(),
        }]),
    }
}
