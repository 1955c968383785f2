resource "azurerm_network_security_group" "n" {
  name = "nsg"
  security_rule {
    name = "rdp"
    source_address_prefix = "*" # all
  }
}
