"""Small helpers that both the command (`ops`) and the lab need; imports nothing of ours."""
