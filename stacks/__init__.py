"""What reads Pulumi's configuration and other stacks, and wires components."""
