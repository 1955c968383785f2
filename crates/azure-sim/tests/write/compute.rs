//! VMs, their power, extensions and patches.

use azure_sim::{Conflict, Writes};
use serde_json::{Value, json};

use crate::client::Client;
use crate::{SCOPE, world};

fn machine() -> String {
    format!("{SCOPE}/Microsoft.Compute/virtualMachines/vm")
}

async fn power(az: &Client) -> String {
    let view = az.get(&format!("{}?$expand=instanceView", machine())).await.body;
    let statuses = view["properties"]["instanceView"]["statuses"].as_array().unwrap().clone();
    let codes = statuses.iter().map(|one| one["code"].as_str().unwrap().to_owned());
    codes.filter(|code| code.starts_with("PowerState/")).collect()
}

#[tokio::test]
async fn power_is_another_when_the_operation_has_ended() {
    let az = Client::of(world(Writes::default()), Vec::new()).await;
    for (action, state) in
        [("deallocate", "deallocated"), ("start", "running"), ("powerOff", "stopped"), ("restart", "running")]
    {
        let before = power(&az).await;
        let said = az.post(&format!("{}/{action}", machine()), &json!({})).await;
        assert_eq!((said.status, said.header("location").contains("monitor=true")), (202, true));
        assert_eq!(power(&az).await, before);
        assert_eq!(az.ended(&said).await["status"], "Succeeded");
        assert_eq!(power(&az).await, format!("PowerState/{state}"));
    }
    let rows = az.rows("resources | where type in~ ('microsoft.compute/virtualmachines') | project id, power = tostring(properties.extended.instanceView.powerState.code)").await;
    assert_eq!(rows[0]["power"], "PowerState/running");
    assert_eq!(az.post(&format!("{}x/start", machine()), &json!({})).await.code(), (404, "ResourceNotFound"));
    assert_eq!(az.post(&format!("{}/dance", machine()), &json!({})).await.code(), (404, "NotRecorded"));
}

#[tokio::test]
async fn what_is_fixed_is_not_changed() {
    let az = Client::of(world(Writes { polls: 0, ..Writes::default() }), Vec::new()).await;
    let patch = |properties: Value| {
        let az = &az;
        async move { az.patch(&machine(), &json!({"properties": properties})).await }
    };
    let fixed = (409, "PropertyChangeNotAllowed");
    assert_eq!(patch(json!({"osProfile": {"adminUsername": "other"}})).await.code(), fixed);
    assert_eq!(
        patch(json!({"osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": false}}}))
            .await
            .code(),
        fixed
    );
    let encrypted = json!({"securityProfile": {"encryptionAtHost": true}});
    assert_eq!(patch(encrypted.clone()).await.code(), (409, "OperationNotAllowed"));
    az.post(&format!("{}/deallocate", machine()), &json!({})).await;
    assert_eq!(patch(encrypted).await.status, 200);
    let mode =
        json!({"osProfile": {"linuxConfiguration": {"patchSettings": {"patchMode": "AutomaticByPlatform"}}}});
    assert_eq!(patch(mode).await.status, 200);
    let identity = az.patch(&machine(), &json!({"identity": {"type": "SystemAssigned"}})).await;
    assert!(identity.body["identity"]["principalId"].is_string(), "{identity:?}");
    let read = az.get(&machine()).await.body;
    assert_eq!(read["identity"], identity.body["identity"]);
    assert_eq!(
        read["properties"]["osProfile"]["linuxConfiguration"]["patchSettings"]["patchMode"],
        "AutomaticByPlatform"
    );
    assert_eq!(read["properties"]["osProfile"]["adminUsername"], "operator");
    // A PUT of the whole leaves what it does not say of what is fixed.
    let put = az
        .put(
            &machine(),
            &json!({"location": "japaneast", "properties": {"hardwareProfile": {"vmSize": "Standard_B1s"}}}),
        )
        .await;
    assert_eq!(
        (put.status, &put.body["properties"]["osProfile"]["adminUsername"]),
        (200, &json!("operator"))
    );
}

#[tokio::test]
async fn extensions_are_installed_or_fail() {
    let mut world = world(Writes { conflict: Conflict::InProgress, ..Writes::default() });
    let az = Client::of(world.clone(), Vec::new()).await;
    let path = format!("{}/extensions/AADSSHLoginForLinux", machine());
    let body = json!({"location": "japaneast", "properties": {"publisher": "Microsoft.Azure.ActiveDirectory",
        "type": "AADSSHLoginForLinux", "typeHandlerVersion": "1.0", "protectedSettings": {"key": "x"}}});
    let made = az.put(&path, &body).await;
    assert_eq!((made.status, &made.body["properties"]["provisioningState"]), (201, &json!("Creating")));
    assert!(!made.body.to_string().contains("protectedSettings"));
    let another = format!("{}/extensions/other", machine());
    assert_eq!(az.put(&another, &body).await.code(), (409, "OperationNotAllowed"));
    assert_eq!(az.patch(&machine(), &json!({"tags": {"a": "b"}})).await.code(), (409, "OperationNotAllowed"));
    assert_eq!(az.ended(&made).await["status"], "Succeeded");
    let listed = az.get(&format!("{}/extensions", machine())).await.body;
    assert_eq!(listed["value"][0]["properties"]["provisioningState"], "Succeeded");
    let rows = az
        .rows("resources | where type in~ ('microsoft.compute/virtualmachines/extensions') | project id")
        .await;
    assert_eq!(rows.as_array().unwrap().len(), 1);
    let changed = az.patch(&path, &json!({"properties": {"enableAutomaticUpgrade": true}})).await;
    assert_eq!((changed.status, &changed.body["properties"]["enableAutomaticUpgrade"]), (200, &json!(true)));
    assert_eq!(az.patch(&machine(), &json!({})).await.code(), (409, "OperationNotAllowed"));
    az.ended(&changed).await;
    let gone = az.delete(&path).await;
    assert_eq!((gone.status, &az.ended(&gone).await["status"]), (202, &json!("Succeeded")));
    assert_eq!(az.get(&path).await.status, 404);

    let fails = Some(("VMExtensionProvisioningError".to_owned(), "it does not start".to_owned()));
    world.set_writes(Writes { extensions_fail: fails, ..Writes::default() });
    let az = Client::of(world, Vec::new()).await;
    let ended = az.ended(&az.put(&path, &body).await).await;
    assert_eq!(
        (&ended["status"], &ended["error"]["code"]),
        (&json!("Failed"), &json!("VMExtensionProvisioningError"))
    );
    assert_eq!(az.get(&path).await.body["properties"]["provisioningState"], "Failed");
    assert_eq!(
        az.put(&format!("{}x/extensions/e", machine()), &body).await.code(),
        (404, "ParentResourceNotFound")
    );
}

#[tokio::test]
async fn patches_are_assessed_and_installed() {
    let mut world = world(Writes::default());
    let results = format!("{}/patchAssessmentResults/latest", machine());
    world.add(json!({"id": results, "properties": {"availablePatchCountByClassification": {"critical": 1, "security": 4, "other": 2}}}));
    let az = Client::of(world, Vec::new()).await;
    let said = az.post(&format!("{}/assessPatches", machine()), &json!({})).await;
    let output = az.ended(&said).await["properties"]["output"].clone();
    assert_eq!(
        (&output["criticalAndSecurityPatchCount"], &output["otherPatchCount"]),
        (&json!(5), &json!(2))
    );
    let body = json!({"maximumDuration": "PT2H", "rebootSetting": "IfRequired",
        "linuxParameters": {"classificationsToInclude": ["Critical", "Security"]}});
    let said = az.post(&format!("{}/installPatches", machine()), &body).await;
    assert_eq!(said.status, 202);
    assert_eq!(az.get(said.header("location")).await.status, 202);
    let told = az.get(said.header("location")).await;
    assert_eq!((told.status, &told.body["installedPatchCount"]), (200, &json!(5)));
    let ended = az.ended(&said).await;
    assert_eq!(ended["properties"]["output"], told.body);
    let rows = az.rows("patchassessmentresources | project id, properties").await;
    assert_eq!(
        rows[0]["properties"]["availablePatchCountByClassification"],
        json!({"critical": 0, "security": 0, "other": 2})
    );
}
