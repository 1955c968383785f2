// a group
param a string = 'x'
var b = [
  1
  { c: 2 }
]
@description('two')
resource v 'Microsoft.Network/virtualNetworks@2024-01-01' = if (a != '') {
  name: 'v'
  tags: { a: 'b' }
  properties: {
    subnets: [
      { name: 's' }
      {
        name: '''t'''
      }
    ]
  }
  resource s 'subnets' = { name: 'u${a}' }
}
resource w 'Microsoft.Network/virtualNetworks@2024-01-01' = [for i in range(0, 2): {
  name: 'w'
  properties: { /* none */ subnets: [] }
}]
module m 'm.bicep' = {
  name: 'm'
  params: { x: 1 }
}
output o int = 1
