//! The main stories, told on PostgreSQL as they are told on SQLite: the same text, another engine beneath.

#![cfg(feature = "postgres")]

use crate::fixture::with_postgres;

macro_rules! told_on_postgres {
    ($($subject:ident { $($story:ident)* })*) => {
        $(mod $subject {
            $(#[test]
            fn $story() {
                super::with_postgres(crate::$subject::$story);
            })*
        })*
    };
}

told_on_postgres! {
    care {
        the_chain_is_followed_in_the_background_and_a_changed_row_is_found
        people_come_by_the_list_all_of_them_or_none
    }
    roles {
        a_role_of_the_clinics_own_is_made_changed_given_and_deleted
        a_change_of_the_matrix_is_shown_beforehand_and_holds_at_once
    }
    admin {
        everything_that_is_configured_is_listed_with_where_it_comes_from
    }
    figures {
        what_happens_is_counted_and_kept_by_minute_hour_and_day
        who_watches_hears_them_until_the_permission_is_gone
    }
    keys {
        a_key_may_what_its_account_may_cut_down_to_its_scope
        what_people_do_themselves_no_key_does
        a_key_is_rotated_changed_and_revoked_at_once
        nobody_lends_more_than_they_have_and_an_account_ends_its_keys
        what_a_key_asked_for_later_is_done_within_its_scope_and_while_it_lasts
        a_reminder_that_a_key_asked_for_goes_with_the_key
        a_socket_of_a_key_is_nobody_at_a_desk
    }
    rates {
        an_account_is_let_through_to_its_limit_and_told_when_to_come_again
        refusals_are_in_the_audit_log_and_repeats_are_counted
    }
    exports {
        a_channel_is_exported_sealed_and_read_without_the_server
        everyone_may_have_their_own_data_and_the_audit_log_is_for_who_may_read_it
    }
    contract {
        a_sign_in_gives_a_token_its_end_and_the_user_and_a_refresh_the_same
        users_are_made_shown_and_listed_with_every_field
        channels_and_members_are_made_shown_changed_and_ended
        messages_are_posted_shown_and_listed_newest_first
        the_audit_log_is_listed_filtered_and_shown
        every_list_is_paged_by_its_links
        the_first_administrator_is_made_once_with_the_code
    }
    websocket {
        joining_makes_a_member_of_a_public_channel_and_tells_the_others
        a_message_reaches_every_listening_socket_as_rest_shows_it
        a_message_sent_again_is_acknowledged_again_and_stored_once
        twenty_senders_at_once_get_places_without_gaps_and_all_hear_the_same_order
        a_replay_gives_what_changed_since_and_then_the_ack
        live_messages_follow_a_replay_without_a_gap_or_a_double_while_others_send
        at_the_stop_everyone_is_told_and_closed_and_nothing_acknowledged_is_lost
    }
    channels {
        what_others_posted_is_counted_until_it_is_read_and_across_a_restart
        channels_are_found_by_what_is_said_of_them
        members_are_paged_by_name
        a_channel_is_changed_field_by_field_and_its_members_hear_of_it
        two_who_change_a_channel_do_not_undo_each_other
        what_a_channel_cannot_be_is_refused_and_changes_nothing
        an_archived_channel_is_for_reading_until_it_is_opened_again
        a_deleted_channel_is_gone_for_everybody_and_can_be_put_back_for_thirty_days
        a_temporary_channel_ends_at_its_time_unless_the_clock_leapt
    }
    channels_people {
        a_direct_conversation_is_found_again_and_shown_to_nobody_else
        a_group_conversation_is_of_a_few_and_theirs_alone
        a_channel_with_a_password_lets_in_who_knows_it
        slow_mode_asks_members_for_a_pause_and_outlives_a_restart
        a_muted_member_reads_and_does_not_write_until_it_is_over_or_lifted
        a_ban_puts_somebody_out_at_once_and_keeps_them_out
        an_invited_person_accepts_or_declines_and_a_link_is_used_up
        comings_goings_and_standings_are_told_to_those_who_listen
    }
    people {
        an_account_is_changed_by_those_who_may_and_says_so
        two_who_change_the_same_account_do_not_undo_each_other
    }
    people_leaving {
        a_closed_account_is_out_at_once_and_comes_back
        a_deleted_account_ends_everything_but_what_it_did_and_can_be_brought_back
        after_thirty_days_the_person_is_blanked_and_the_row_stays
        somebody_who_can_do_everything_is_always_left
        a_role_taken_away_counts_at_once_for_open_sockets_too
    }
    people_invited {
        an_invitation_makes_as_many_accounts_as_it_says_with_its_role
        an_invitation_that_is_over_reads_like_one_that_never_was
        nobody_registers_uninvited_unless_the_clinic_allows_it
        a_password_is_reset_once_by_a_token_that_was_handed_out
    }
    people_record {
        filters_of_the_log_combine_and_pages_follow_them
        what_one_person_did_is_shown_to_that_person_and_to_auditors
        the_log_is_taken_away_whole_or_filtered_and_that_is_recorded
    }
    people_accounts {
        sign_ins_are_listed_and_ended_by_their_owner_and_by_those_who_manage
        a_password_is_set_by_its_owner_with_the_old_one_and_by_those_who_manage_without
        permissions_are_the_names_that_are_in_effect
        preferences_are_kept_field_by_field
        the_directory_is_searched_by_everyone_and_shows_addresses_to_few
    }
    access {
        every_route_answers_every_role_as_the_table_says
        what_belongs_to_others_looks_like_what_is_not_there
    }
    detection {
        a_clinic_chooses_what_happens_to_patient_details_that_are_not_marked
        a_text_can_be_looked_at_before_it_is_sent
        patient_details_are_revealed_once_for_a_reason_that_is_recorded
    }
    search {
        words_phrases_and_operators_find_the_newest_first
        only_what_one_may_read_now_is_found_and_the_rest_looks_like_nothing
        patient_details_are_found_by_those_who_may_read_them_and_each_search_is_recorded
        a_search_goes_on_where_its_time_was_over_and_misses_nothing
    }
    revocation {
        a_sign_out_holds_across_a_restart
        a_new_password_ends_every_other_sign_in_and_its_sockets
        a_removed_member_hears_nothing_from_that_commit_on
        a_refreshed_token_replaces_the_old_one_after_a_minute
    }
    phi {
        patient_details_are_shown_to_those_who_may_read_them_and_to_their_sender
        readings_of_the_details_of_others_are_recorded_and_other_readings_are_not
    }
    presence {
        typing_reaches_the_others_who_listen_and_nobody_else
        whoever_watches_a_channel_hears_who_comes_is_away_chooses_and_goes
        an_administrator_sees_who_is_connected_and_ends_a_connection
        an_announcement_reaches_everyone_now_and_whoever_comes_while_it_holds
    }
    settings {
        a_policy_is_chosen_shown_kept_and_put_back
    }
    trail {
        every_deed_leaves_its_row
        refusals_are_recorded_and_repeats_are_one_row_with_a_count
        the_log_shows_what_was_done_to_it
    }
    writing {
        the_filter_blocks_masks_and_flags_whole_words_before_they_are_stored
        a_flagged_message_waits_for_a_review_that_keeps_or_deletes_it
    }
    writing_keeping {
        a_draft_follows_a_person_from_device_to_device_and_is_nobody_else_s
        bookmarks_are_listed_while_their_messages_can_be_read
    }
    writing_saying {
        a_command_is_carried_out_as_the_deed_that_it_stands_for
        the_clinic_s_templates_are_commands_too
        topics_and_mutes_are_those_of_the_channel
    }
    writing_times {
        a_scheduled_message_is_posted_once_at_its_time_by_its_author
        what_cannot_be_posted_stays_with_the_reason_and_its_author_is_told
        a_command_that_was_scheduled_is_carried_out_with_what_its_author_may_then
        a_reminder_is_told_once_and_says_nothing_by_itself
        messages_erase_themselves_at_their_time_and_leave_no_text
        a_channel_s_lifetime_is_held_against_what_is_there_and_what_comes
    }
    writing_mentions {
        members_who_are_named_are_told_without_a_text_and_others_are_not
        unread_mentions_survive_a_restart_and_fall_with_reading
    }
    threads {
        a_thread_is_what_answers_a_message_and_its_beginning_says_how_much_that_is
        what_is_pinned_is_in_the_channel_s_list_until_it_is_taken_off
        where_the_clinic_says_so_every_member_who_may_write_pins
    }
    reactions {
        a_reaction_reaches_everyone_and_is_in_every_fetch
    }
    receipts {
        who_has_read_what_is_told_to_the_others_and_to_one_s_own_devices
        what_a_device_has_received_is_told_within_moments
    }
    changes {
        an_edit_reaches_everyone_by_rest_and_by_websocket_and_is_kept
        a_deleted_message_is_shown_to_nobody_and_says_who_and_when
        what_a_message_said_before_is_shown_to_those_who_may_see_it
    }
    sync {
        whatever_was_missed_state_and_frames_are_a_fresh_fetch
    }
}
