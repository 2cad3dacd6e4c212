#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::super::tests::facts_with;
use super::super::{Config, ConflictRule, DefaultKind, OwnerNull, Push, Stamps, TableUnowned, WriteMode};
use super::*;

fn on_table(comment: &str) -> (Option<TableTags>, String) {
    let (tags, problems) = Tags::read(&facts_with(Some(comment), None));
    (tags.table("public", "todos").cloned(), problems.to_string())
}

fn on_column(comment: &str) -> (Option<ColumnTags>, String) {
    let (tags, problems) = Tags::read(&facts_with(None, Some(comment)));
    (tags.column("public", "todos", "title").cloned(), problems.to_string())
}

fn value<T: Clone>(rule: &Option<Spanned<T>>) -> Option<T> {
    rule.as_ref().map(|rule| rule.value.clone())
}

#[test]
fn every_table_tag_is_read() {
    let (tags, problems) = on_table(
        "Todo items. @oosync.changeCategory=repertoire @oosync.normalizeDatetime=practiced,status \
         @oosync.ownerColumn=user_id, @oosync.bucket=list; @oosync.order=-3. (@oosync.push=owner-only) \
         @oosync.denyDelete=false @oosync.writeMode=confirmed @oosync.conflict=serverWins \
         @oosync.createdColumn=created_at @oosync.updated-column=updated_at @oosync.deletedColumn=deleted_at\n\
         @oosync.protected=\"two words\",status @oosync.exclude. @oosync.ownerNull=nobody @oosync.stamps=none \
         @oosync.bucketColumn=list_id @oosync.conflict-target=list_id,title",
    );
    assert_eq!(problems, "");
    let rules = tags.unwrap().rules;
    assert_eq!(value(&rules.change_category).as_deref(), Some("repertoire"));
    assert_eq!(value(&rules.owner_column).as_deref(), Some("user_id"));
    assert_eq!(value(&rules.bucket).as_deref(), Some("list"));
    assert_eq!(value(&rules.order), Some(-3));
    assert_eq!(value(&rules.push), Some(Push::OwnerOnly));
    assert_eq!(value(&rules.deny_delete), Some(false));
    assert_eq!(value(&rules.write_mode), Some(WriteMode::Confirmed));
    assert_eq!(value(&rules.conflict), Some(ConflictRule::ServerWins));
    assert_eq!(value(&rules.created_column).as_deref(), Some("created_at"));
    assert_eq!(value(&rules.updated_column).as_deref(), Some("updated_at"));
    assert_eq!(value(&rules.deleted_column).as_deref(), Some("deleted_at"));
    assert_eq!(value(&rules.exclude), Some(true));
    let names = |list: &[Spanned<String>]| list.iter().map(|name| name.value.clone()).collect::<Vec<_>>();
    assert_eq!(names(&rules.protected), ["two words", "status"]);
    assert_eq!(names(&rules.normalize_datetime), ["practiced", "status"]);
    assert_eq!(value(&rules.owner_null), Some(OwnerNull::Nobody));
    assert_eq!(value(&rules.stamps), Some(Stamps::None));
    assert_eq!(names(&rules.bucket_column), ["list_id"]);
    assert_eq!(names(&rules.conflict_target), ["list_id", "title"]);
    let (tags, problems) = on_table("@oosync.parent=list_id @oosync.deny-delete");
    assert_eq!(problems, "");
    let rules = tags.unwrap().rules;
    assert_eq!(rules.parent.unwrap().value.names[0].value, "list_id");
    assert_eq!(value(&rules.deny_delete), Some(true));
    assert_eq!(
        value(&on_table("@oosync.unowned=everyone").0.unwrap().rules.unowned),
        Some(TableUnowned::Everyone)
    );
}

#[test]
fn every_column_tag_is_read() {
    let (tags, problems) = on_column(
        "@oosync.ownerOnly @oosync.fieldGroup=pay @oosync.default=serverOnly @oosync.rustName=kind",
    );
    assert_eq!(problems, "");
    let tags = tags.unwrap();
    assert_eq!(value(&tags.rules.owner_only), Some(true));
    assert_eq!(value(&tags.field_group).as_deref(), Some("pay"));
    assert_eq!(value(&tags.rules.default), Some(DefaultKind::ServerOnly));
    assert_eq!(value(&tags.rules.rust_name).as_deref(), Some("kind"));
    assert_eq!(value(&on_column("@oosync.exclude").0.unwrap().rules.exclude), Some(true));
    assert_eq!(
        value(&on_column("@oosync.default=server_only").0.unwrap().rules.default),
        Some(DefaultKind::ServerOnly)
    );
}

#[test]
fn an_address_is_not_a_tag_and_other_marks_are_left_alone() {
    for comment in [
        "ask me@oosync.exclude",
        "a.b-c@oosync.dev or x_@oosync.exclude",
        "@deprecated use @graphql.omit and @see.also",
        "price @ 3.50, @",
        "größe@oosync.exclude",
    ] {
        let (tags, problems) = on_table(comment);
        assert_eq!((tags, problems.as_str()), (None, ""), "{comment}");
    }
}

#[test]
fn a_typo_in_a_tag_is_an_error_with_the_sql_that_mends_it() {
    insta::assert_snapshot!(on_table("Todo's items. @oosync.exlude").1, @r#"
    error: unknown tag `@oosync.exlude`
     --> comment on table public.todos:1:23
      |
    1 | Todo's items. @oosync.exlude
      |                       ^^^^^^ did you mean `exclude`?
      |
      = help: comment on table public.todos is 'Todo''s items. @oosync.exclude'
    "#);
    insta::assert_snapshot!(on_table("@oosync.owner_column=user_id @oosync.hurray").1, @r#"
    error: unknown tag `@oosync.owner_column`
     --> comment on table public.todos:1:9
      |
    1 | @oosync.owner_column=user_id @oosync.hurray
      |         ^^^^^^^^^^^^ did you mean `ownerColumn`?
      |
      = help: comment on table public.todos is '@oosync.ownerColumn=user_id @oosync.hurray'

    error: unknown tag `@oosync.hurray`
     --> comment on table public.todos:1:38
      |
    1 | @oosync.owner_column=user_id @oosync.hurray
      |                                      ^^^^^^
      |
      = note: tags for tables: `exclude`, `ownerColumn`, `ownerNull`, `parent`, `bucket`, `bucketColumn`, `unowned`, `order`, `push`, `denyDelete`, `writeMode`, `conflict`, `conflictTarget`, `stamps`, `createdColumn`, `updatedColumn`, `deletedColumn`, `changeCategory`, `normalizeDatetime`, `protected`
      = help: comment on table public.todos is '…'
    "#);
}

#[test]
fn a_near_miss_of_the_prefix_is_an_error() {
    insta::assert_snapshot!(on_table("@oosyc.exclude").1, @r#"
    error: `@oosyc.` begins no tag
     --> comment on table public.todos:1:1
      |
    1 | @oosyc.exclude
      | ^^^^^^ did you mean `@oosync.`?
      |
      = help: comment on table public.todos is '@oosync.exclude'
    "#);
    insta::assert_snapshot!(on_table("@oosync:exclude, @oosync order=1").1, @r#"
    error: `@oosync` without a dot begins no tag
     --> comment on table public.todos:1:1
      |
    1 | @oosync:exclude, @oosync order=1
      | ^^^^^^^^ tags begin with `@oosync.`
      |
      = help: comment on table public.todos is '@oosync.exclude, @oosync order=1'

    error: `@oosync` without a dot begins no tag
     --> comment on table public.todos:1:18
      |
    1 | @oosync:exclude, @oosync order=1
      |                  ^^^^^^^^ tags begin with `@oosync.`
      |
      = help: comment on table public.todos is '@oosync:exclude, @oosync.order=1'
    "#);
    insta::assert_snapshot!(on_table("Todo items.@oosync.exclude").1, @r#"
    error: `@oosync.exclude` follows a dot and is not read
     --> comment on table public.todos:1:12
      |
    1 | Todo items.@oosync.exclude
      |            ^^^^^^^^^^^^^^^ put a space before it
      |
      = help: comment on table public.todos is 'Todo items. @oosync.exclude'
    "#);
    for comment in
        ["@oosync", "@oosync.", "@Oosync.exclude", "@oosync-exclude", "@oosyncexclude", "@oosync/exclude"]
    {
        let (tags, problems) = on_table(comment);
        assert!(tags.is_none() && problems.starts_with("error: "), "{comment}: {problems}");
    }
}

#[test]
fn a_tag_in_the_wrong_place_is_an_error() {
    insta::assert_snapshot!(on_column("@oosync.ownerColumn=user_id").1, @r#"
    error: `@oosync.ownerColumn` is a tag for tables
     --> comment on column public.todos.title:1:9
      |
    1 | @oosync.ownerColumn=user_id
      |         ^^^^^^^^^^^ this comment is on a column
      |
      = help: comment on column public.todos.title is '…'
    "#);
    insta::assert_snapshot!(on_table("@oosync.ownerOnly").1, @r#"
    error: `@oosync.ownerOnly` is a tag for columns
     --> comment on table public.todos:1:9
      |
    1 | @oosync.ownerOnly
      |         ^^^^^^^^^ this comment is on a table
      |
      = help: comment on table public.todos is '…'
    "#);
}

#[test]
fn a_tag_twice_is_an_error_even_in_another_spelling() {
    insta::assert_snapshot!(on_table("@oosync.ownerColumn=user_id @oosync.owner-column=user_id").1, @r#"
    error: `@oosync.owner-column` is there twice
     --> comment on table public.todos:1:37
      |
    1 | @oosync.ownerColumn=user_id @oosync.owner-column=user_id
      |                                     ^^^^^^^^^^^^ one of them has to go
      |
      = help: comment on table public.todos is '…'
    "#);
}

#[test]
fn values_are_there_where_they_must_be_and_only_there() {
    insta::assert_snapshot!(on_table("@oosync.ownerColumn @oosync.exclude=true").1, @r#"
    error: `@oosync.ownerColumn` needs a value
     --> comment on table public.todos:1:9
      |
    1 | @oosync.ownerColumn @oosync.exclude=true
      |         ^^^^^^^^^^^ write `@oosync.ownerColumn=…`
      |
      = help: comment on table public.todos is '…'

    error: `@oosync.exclude` takes no value
     --> comment on table public.todos:1:29
      |
    1 | @oosync.ownerColumn @oosync.exclude=true
      |                             ^^^^^^^^^^^^ only the tag itself
      |
      = help: comment on table public.todos is '@oosync.ownerColumn @oosync.exclude'
    "#);
    insta::assert_snapshot!(on_table("@oosync.ownerColumn = user_id @oosync.order= @oosync.bucket:list").1, @r#"
    error: white space before the value of a tag
     --> comment on table public.todos:1:21
      |
    1 | @oosync.ownerColumn = user_id @oosync.order= @oosync.bucket:list
      |                     ^ no space around `=`
      |
      = help: comment on table public.todos is '…'

    error: a tag without the value after `=`
     --> comment on table public.todos:1:45
      |
    1 | @oosync.ownerColumn = user_id @oosync.order= @oosync.bucket:list
      |                                             ^ the value follows without white space
      |
      = help: comment on table public.todos is '…'

    error: a tag's value follows `=`
     --> comment on table public.todos:1:60
      |
    1 | @oosync.ownerColumn = user_id @oosync.order= @oosync.bucket:list
      |                                                            ^ write `=`
      |
      = help: comment on table public.todos is '…'
    "#);
    insta::assert_snapshot!(on_table("@oosync.push=owner @oosync.order=first @oosync.denyDelete=no").1, @r#"
    error: `@oosync.push` cannot be `owner`
     --> comment on table public.todos:1:14
      |
    1 | @oosync.push=owner @oosync.order=first @oosync.denyDelete=no
      |              ^^^^^
      |
      = note: allowed: `owner_only`, `members`, `disabled`
      = help: comment on table public.todos is '…'

    error: `@oosync.order` is not an integer: `first`
     --> comment on table public.todos:1:34
      |
    1 | @oosync.push=owner @oosync.order=first @oosync.denyDelete=no
      |                                  ^^^^^ a whole number of 64 bits
      |
      = help: comment on table public.todos is '…'

    error: `@oosync.denyDelete` cannot be `no`
     --> comment on table public.todos:1:59
      |
    1 | @oosync.push=owner @oosync.order=first @oosync.denyDelete=no
      |                                                           ^^
      |
      = note: allowed: `true`, `false`
      = help: comment on table public.todos is '…'
    "#);
    insta::assert_snapshot!(on_table("@oosync.protected=status, title @oosync.bucket=a,b").1, @r#"
    error: the list of `@oosync.protected` ends before `title`
     --> comment on table public.todos:1:27
      |
    1 | @oosync.protected=status, title @oosync.bucket=a,b
      |                           ^^^^^ no white space within a list
      |
      = help: comment on table public.todos is '…'

    error: `@oosync.bucket` takes one value
     --> comment on table public.todos:1:48
      |
    1 | @oosync.protected=status, title @oosync.bucket=a,b
      |                                                ^^^ this is a list
      |
      = help: comment on table public.todos is '…'
    "#);
    insta::assert_snapshot!(on_table("@oosync.protected=\"two words").1, @r#"
    error: a quoted value never ends
     --> comment on table public.todos:1:19
      |
    1 | @oosync.protected="two words
      |                   ^ the quote opens here
      |
      = help: comment on table public.todos is '…'
    "#);
    insta::assert_snapshot!(on_table("@oosync.protected=\"two words\"x @oosync.normalizeDatetime=a,,b").1, @r#"
    error: something follows the closing quote of a value
     --> comment on table public.todos:1:30
      |
    1 | @oosync.protected="two words"x @oosync.normalizeDatetime=a,,b
      |                              ^ needs a comma or white space before it
      |
      = help: comment on table public.todos is '…'

    error: a tag's list with an empty element
     --> comment on table public.todos:1:60
      |
    1 | @oosync.protected="two words"x @oosync.normalizeDatetime=a,,b
      |                                                            ^
      |
      = help: comment on table public.todos is '…'
    "#);
}

#[test]
fn columns_of_tags_must_be_there() {
    insta::assert_snapshot!(on_table("@oosync.ownerColumn=usr_id @oosync.protected=status,two_word").1, @r#"
    error: no column `usr_id` in table public.todos
     --> comment on table public.todos:1:21
      |
    1 | @oosync.ownerColumn=usr_id @oosync.protected=status,two_word
      |                     ^^^^^^ did you mean `user_id`?
      |
      = help: comment on table public.todos is '@oosync.ownerColumn=user_id @oosync.protected=status,two_word'

    error: no column `two_word` in table public.todos
     --> comment on table public.todos:1:53
      |
    1 | @oosync.ownerColumn=usr_id @oosync.protected=status,two_word
      |                                                     ^^^^^^^^ did you mean `two words`?
      |
      = help: comment on table public.todos is '@oosync.ownerColumn=usr_id @oosync.protected=status,"two words"'
    "#);
    insta::assert_snapshot!(on_table("@oosync.bucketColumn=list_id,lst_id @oosync.conflictTarget=id,id").1, @r#"
    error: no column `lst_id` in table public.todos
     --> comment on table public.todos:1:30
      |
    1 | @oosync.bucketColumn=list_id,lst_id @oosync.conflictTarget=id,id
      |                              ^^^^^^ did you mean `list_id`?
      |
      = help: comment on table public.todos is '@oosync.bucketColumn=list_id,list_id @oosync.conflictTarget=id,id'

    error: `@oosync.conflictTarget` names `id` twice
     --> comment on table public.todos:1:63
      |
    1 | @oosync.bucketColumn=list_id,lst_id @oosync.conflictTarget=id,id
      |                                                               ^^ is in the list already
      |
      = help: comment on table public.todos is '…'
    "#);
    insta::assert_snapshot!(on_table("@oosync.parent=user_id").1, @r#"
    error: no foreign key of public.todos is on `user_id` alone
     --> comment on table public.todos:1:16
      |
    1 | @oosync.parent=user_id
      |                ^^^^^^^
      |
      = note: its foreign keys: todos_list_id_fkey (list_id) to public.lists
      = help: comment on table public.todos is '…'
    "#);
}

#[test]
fn tags_that_contradict_each_other_are_errors() {
    insta::assert_snapshot!(on_table("@oosync.ownerColumn=user_id @oosync.unowned=everyone").1, @r#"
    error: `@oosync.unowned` contradicts `@oosync.ownerColumn`
     --> comment on table public.todos:1:45
      |
    1 | @oosync.ownerColumn=user_id @oosync.unowned=everyone
      |                                             ^^^^^^^^ a row has one way to its owner: keep one of the two
      |
      = help: comment on table public.todos is '…'
    "#);
    insta::assert_snapshot!(on_table("@oosync.unowned=everyone @oosync.ownerNull=nobody").1, @r#"
    error: `@oosync.ownerNull` contradicts `@oosync.unowned`
     --> comment on table public.todos:1:44
      |
    1 | @oosync.unowned=everyone @oosync.ownerNull=nobody
      |                                            ^^^^^^ a table that belongs to nobody has no owner to be null
      |
      = help: comment on table public.todos is '…'
    "#);
}

#[test]
fn buckets_and_groups_of_tags_must_be_in_the_config() {
    let config = Config::parse(
        "Oosync.toml",
        "[buckets.list]\nquery = \"select 1\"\n[role_permissions.manager]\nread = [\"salary\"]\n",
    )
    .unwrap();
    let check = |table, column| {
        let facts = facts_with(table, column);
        Tags::read(&facts).0.check(&config, &facts).to_string()
    };
    assert_eq!(check(Some("@oosync.bucket=list"), Some("@oosync.fieldGroup=salary")), "");
    insta::assert_snapshot!(check(Some("@oosync.bucket=lst"), Some("@oosync.fieldGroup=salry")), @r#"
    error: no bucket `lst`
     --> comment on table public.todos:1:16
      |
    1 | @oosync.bucket=lst
      |                ^^^ did you mean `list`?
      |
      = help: comment on table public.todos is '@oosync.bucket=list'

    error: no field group `salry`
     --> comment on column public.todos.title:1:20
      |
    1 | @oosync.fieldGroup=salry
      |                    ^^^^^ did you mean `salary`?
      |
      = help: comment on column public.todos.title is '@oosync.fieldGroup=salary'
    "#);
}

#[test]
fn the_lists_of_tags_name_exactly_what_is_read() {
    // A tag that is listed but never read would be accepted and do nothing.
    for tag in TABLE_TAGS {
        let words = ["", "=1", "=exclude", "=members", "=confirmed", "=reject", "=nobody", "=none"];
        let read = |word| on_table(&format!("@oosync.{tag}{word}")).0.unwrap().rules != TableRules::default();
        assert!(words.into_iter().any(read), "{tag}");
    }
}

proptest! {
    #[test]
    fn no_comment_panics(comment in any::<String>()) {
        let _ = on_table(&comment);
        let _ = on_column(&comment);
    }

    #[test]
    fn no_comment_with_pieces_of_tags_panics(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "@", "oosync", ".", "@oosync.", "@oosyc.", "exclude", "ownerColumn", "protected", "order", "parent", "=", ",",
            "\"", "\"\"", " ", "\n", "ü", "-", "_", ":", ")", "user_id", "two words", "denyDelete", "true", "\0", "\u{2028}",
        ]), 0..24)
    ) {
        let comment = pieces.concat();
        let _ = on_table(&comment);
        let _ = on_column(&comment);
    }

    #[test]
    fn a_slip_in_any_tag_is_an_error(tag in prop::sample::select(TABLE_TAGS), at in 0_usize..20, swap in any::<bool>()) {
        let mut letters: Vec<char> = tag.chars().collect();
        let at = at % (letters.len() - 1);
        if swap { letters.swap(at, at + 1) } else { letters.remove(at); }
        let slip: String = letters.into_iter().collect();
        prop_assume!(slip != tag);
        let (_, problems) = on_table(&format!("@oosync.{slip}"));
        let suggestion = format!("did you mean `{tag}`?");
        prop_assert!(problems.contains(&suggestion), "{slip}: {problems}");
    }
}
