//! Images that machines were made from.

use super::*;

/// Resource Graph has no images of the Marketplace: each that a machine was made from is asked for once.
#[tokio::test]
async fn images_that_machines_were_made_from_are_asked_for() {
    let mut world = tenant(2, 0);
    let machine = |subscription: usize, name: &str, version: &str| {
        let image =
            json!({"publisher": "P", "offer": "o", "sku": "s", "version": "latest", "exactVersion": version});
        json!({
            "id": format!("/subscriptions/{}/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/{name}", self::subscription(subscription)),
            "subscriptionId": self::subscription(subscription),
            "location": "japaneast",
            "properties": {"storageProfile": {"imageReference": image}}
        })
    };
    let image = |version: &str| {
        format!(
            "/subscriptions/{}/providers/Microsoft.Compute/locations/japaneast/publishers/P/artifacttypes/vmimage/offers/o/skus/s/versions/{version}",
            subscription(0)
        )
    };
    for (number, version) in [(0, "1.0.0"), (1, "2.0.0"), (2, "1.0.0")] {
        world.add(machine(0, &format!("m{number}"), version));
    }
    world.add(machine(1, "m", "1.0.0"));
    world.add(
        json!({"id": image("2.0.0"), "properties": {"imageDeprecationStatus": {"imageState": "Deprecated"}}}),
    );
    let (manifest, lines, sim) = run(world, Quota::NONE, 100, Vec::new()).await;
    let manifest = manifest.unwrap();
    assert_eq!((manifest.rows["images"], manifest.partial.len()), (2, 0), "{manifest:?}");
    let state = |line: &Value| {
        Some(line.pointer("/properties/imageDeprecationStatus/imageState")?.as_str()?.to_owned())
    };
    let states: std::collections::BTreeSet<_> = lines.iter().filter_map(state).collect();
    assert_eq!(states.into_iter().collect::<Vec<_>>(), ["Active", "Deprecated"]);
    let asked = sim.seen().iter().filter(|seen| seen.path.contains("/artifacttypes/")).count();
    assert_eq!(asked, 2);
    // One that Azure does not have any more is no error, and no row.
    let mut world = tenant(1, 0);
    world.add(machine(0, "m", "1.0.0"));
    let gone = fault("artifacttypes", azure_sim::Fault::Missing, 0, usize::MAX);
    let (manifest, _, _) = run(world, Quota::NONE, 100, vec![gone]).await;
    let manifest = manifest.unwrap();
    assert_eq!((manifest.rows["images"], manifest.partial.len()), (0, 0), "{manifest:?}");
}
