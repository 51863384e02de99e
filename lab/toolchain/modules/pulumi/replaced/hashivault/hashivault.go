// Package hashivault registers no secrets provider: the lab's pulumi keeps no secrets in Vault.
package hashivault
