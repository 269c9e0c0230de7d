"""Counter service for social-security cards (社会保障卡): ID card in, working card out."""
