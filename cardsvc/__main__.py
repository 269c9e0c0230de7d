"""``python -m cardsvc`` is the ``cardsvc`` command."""

from cardsvc.cli import main

if __name__ == "__main__":
    main()
