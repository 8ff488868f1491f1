"""What a stand-in says when a prompt asks for `[[words]]` instead of a picture."""

WORDS = "I can only describe this picture: soft colours, a few discs and no frame."
