"""Alembic's entry: runs on the connection that ``cardsvc.store.schema`` hands over."""

from alembic import context

from cardsvc.store.models import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    user_module_prefix="types.",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
