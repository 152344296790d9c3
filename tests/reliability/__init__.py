"""What nobody asks for: damaged files, kills, hostile pictures and hostile clients, at random."""
