resource n 'Microsoft.Network/networkSecurityGroups@2024-05-01' = {
  name: 'nsg'
  properties: {
    securityRules: [
      { name: 'rdp', properties: { sourceAddressPrefix: '*' } }
    ]
  }
}
