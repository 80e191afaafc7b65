"""Runs alembic on the connection that `geo.db.migrate` hands over."""

from alembic import context

from geo.schema import metadata


def _is_ours(_object, name, type_, reflected, _compare_to):
    """Leave out what the database holds beyond the schema: PostGIS's tables and the monthly partitions."""
    return not (type_ == "table" and reflected and name not in metadata.tables)


context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, include_object=_is_ours)
with context.begin_transaction():
    context.run_migrations()
