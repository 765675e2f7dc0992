//! Is a folder on a disk of this machine? The log of SQLite needs memory shared by all who open the file, which
//! no network share gives; there a database is corrupted sooner or later.

use std::path::Path;

use crate::error::{Error, Result};

/// Refuses a folder on a network share.
pub(super) fn refuse_network(live: &Path) -> Result<()> {
    network_kind(live).map_or(Ok(()), |kind| Err(refused_share(live, kind)))
}

fn refused_share(live: &Path, kind: &str) -> Error {
    Error::conflict(
        "database_on_network_share",
        format!(
            "{} lies on a network share ({kind}), where a database is corrupted sooner or later. Set DATA_DIR to a \
             folder on a disk of this machine; the snapshot messenger.db may be copied to the share.",
            live.display()
        ),
    )
}

#[cfg(target_os = "linux")]
fn network_kind(folder: &Path) -> Option<&'static str> {
    let stat = rustix::fs::statfs(folder).ok()?;
    // The magic number is 32 bits in a field whose width and sign differ by architecture.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "32 bits are meant")]
    let magic = stat.f_type as u32;
    network_magic(magic).or_else(|| if magic == FUSE { fuse_kind(folder) } else { None })
}

/// FUSE, which may be a local disk (NTFS, exFAT) or a share (sshfs); statfs(2).
#[cfg(target_os = "linux")]
const FUSE: u32 = 0x6573_5546;

/// Names the file systems that live on another machine (statfs(2), linux/magic.h).
#[cfg(target_os = "linux")]
fn network_magic(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "NFS",
        0x517B => "SMB",
        0xFF53_4D42 => "CIFS",
        0xFE53_4D42 => "SMB2",
        0x564C => "NCP",
        0x5346_414F => "AFS",
        0x6B41_4653 => "kAFS",
        0x7375_7245 => "Coda",
        0x00C3_6400 => "Ceph",
        0x0102_1997 => "9P",
        0x7461_636F => "OCFS2",
        0x0116_1970 => "GFS2",
        0x0BD0_0BD0 => "Lustre",
        0x786F_4256 => "VirtualBox shared folder",
        _ => return None,
    })
}

#[cfg(target_os = "linux")]
fn fuse_kind(folder: &Path) -> Option<&'static str> {
    let folder = folder.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    fuse_share(&mounts, &folder)
}

/// Which network share `folder` lies on, from the text of `/proc/self/mounts`; the longest mount point wins.
#[cfg(target_os = "linux")]
fn fuse_share(mounts: &str, folder: &Path) -> Option<&'static str> {
    let kind = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let point = words.nth(1)?.replace("\\040", " ");
            let kind = words.next()?;
            folder.starts_with(&point).then_some((point.len(), kind))
        })
        .max_by_key(|(length, _)| *length)?
        .1;
    ["sshfs", "rclone", "s3fs", "glusterfs", "davfs", "gvfsd-fuse", "smbnetfs", "curlftpfs", "gcsfuse"]
        .into_iter()
        .find(|share| kind.strip_prefix("fuse.").is_some_and(|kind| kind == *share))
}

#[cfg(target_vendor = "apple")]
fn network_kind(folder: &Path) -> Option<&'static str> {
    let stat = rustix::fs::statfs(folder).ok()?;
    let name: Vec<u8> = stat.f_fstypename.iter().map(|c| c.to_ne_bytes()[0]).take_while(|c| *c != 0).collect();
    ["nfs", "smbfs", "afpfs", "webdav", "cifs", "ftp"].into_iter().find(|share| share.as_bytes() == name)
}

#[cfg(windows)]
fn network_kind(folder: &Path) -> Option<&'static str> {
    // A mapped drive letter resolves to the share behind it.
    let path = folder.canonicalize().ok()?;
    let text = path.to_string_lossy();
    (text.starts_with(r"\\?\UNC\") || (text.starts_with(r"\\") && !text.starts_with(r"\\?\"))).then_some("SMB")
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple", windows)))]
fn network_kind(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn network_shares_are_known_by_their_magic_and_local_disks_are_let_be() {
        for (magic, name) in [(0x6969, "NFS"), (0xFF53_4D42, "CIFS"), (0xFE53_4D42, "SMB2"), (0x0102_1997, "9P")] {
            assert_eq!(network_magic(magic), Some(name));
        }
        // ext4, XFS, Btrfs, tmpfs, overlayfs, ZFS, FUSE (decided by its name)
        for magic in [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0x2FC1_2FC1, FUSE] {
            assert_eq!(network_magic(magic), None, "{magic:x}");
        }
        assert_eq!(network_kind(&std::env::temp_dir()), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_fuse_mount_is_a_share_by_its_name() {
        let mounts = "/dev/sda1 / ext4 rw 0 0\nuser@nas:/ /srv/nas\\040one fuse.sshfs rw 0 0\n\
                      /dev/sdb1 /mnt/usb fuseblk rw 0 0\n";
        assert_eq!(fuse_share(mounts, Path::new("/srv/nas one/data")), Some("sshfs"));
        assert_eq!(fuse_share(mounts, Path::new("/mnt/usb/data")), None);
        assert_eq!(fuse_share(mounts, Path::new("/home")), None);
    }

    #[test]
    fn a_share_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        assert!(refuse_network(folder.path()).is_ok());
        // The sentence itself, since no share can be mounted here.
        let error = refused_share(folder.path(), "NFS");
        assert_eq!(error.code(), "database_on_network_share");
        assert!(error.detail().contains("NFS") && error.detail().contains("DATA_DIR"));
    }
}
